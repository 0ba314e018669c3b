// Photos that have been kept for long enough.
#include "backend/photos/retention.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/photo_service.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr std::uint64_t kDay = 24ULL * 3600'000;  // milliseconds
constexpr std::uint64_t kNow = 1'800'000'000'000;

struct Keeping : PhotoService {
    std::vector<std::string> removed;
    Retention retention = keeping(std::chrono::hours(24 * 30));

    Retention keeping(std::chrono::seconds keep) {
        return {photos, purges, threads, keep, [this](const std::string& photo, bool is_finished) {
                    CHECK(is_finished);
                    removed.push_back(photo);
                }};
    }
    std::string add(std::uint64_t created_ms, const std::string& owner = std::string(26, 'o')) {
        PhotoRecord record;
        record.id = new_id();
        record.owner = owner;
        record.created_ms = created_ms;
        record.format = "jpeg";
        record.bytes = 5;
        record.sha256 = std::string(64, 'a');
        auto file = storage->make_temp();
        REQUIRE(file);
        REQUIRE(file->write("bytes"));
        REQUIRE(photos.add(record, std::move(*file)));
        return record.id;
    }
    std::size_t sweep(std::uint64_t now_ms = kNow, std::size_t most = 1000) {
        const auto swept = run_coroutine(io, retention.sweep(now_ms, most));
        REQUIRE(swept);
        return *swept;
    }
    bool is_there(const std::string& photo) { return *photos.exists(photo); }
};

}  // namespace

TEST_CASE("a photo goes when it has been kept for as long as it may be, and no sooner") {
    Keeping f;
    const std::string old = f.add(kNow - 30 * kDay - 1);
    const std::string just_not = f.add(kNow - 30 * kDay);
    const std::string other_owners = f.add(kNow - 300 * kDay, std::string(26, 'p'));
    CHECK(f.sweep() == 2);
    CHECK_FALSE(f.is_there(old));
    CHECK_FALSE(f.is_there(other_owners));
    CHECK(f.is_there(just_not));
    CHECK(f.removed == std::vector<std::string>{old, other_owners});
    CHECK(f.sweep() == 0);
    CHECK(f.sweep(kNow + 1) == 1);
    CHECK_FALSE(f.is_there(just_not));
}

TEST_CASE("what goes for its age goes for good: its files, and every edge is told") {
    Keeping f;
    const std::string photo = f.add(kNow - 31 * kDay);
    CHECK(f.sweep() == 1);
    CHECK(f.stored_files() == 0);
    CHECK_FALSE(*f.photos.restore(photo, std::string(26, 'o'), 0));
    const auto& commands = f.redis.commands;
    CHECK(std::ranges::any_of(commands, [&](const auto& c) { return std::ranges::find(c, photo) != c.end(); }));
}

TEST_CASE("where the edges cannot be told, the photo is gone all the same, and they are told later") {
    Keeping f;
    const std::string photo = f.add(kNow - 31 * kDay);
    f.redis.up = false;
    CHECK(f.sweep() == 1);
    CHECK_FALSE(f.is_there(photo));
    CHECK(f.purges.waiting() == 1);
    f.redis.up = true;
    run_coroutine(f.io, f.purges.announce_waiting());
    CHECK(f.purges.waiting() == 0);
    CHECK(f.stored_files() == 0);
}

TEST_CASE("a sweep removes no more photos than it may, the next one goes on") {
    Keeping f;
    for (int i = 0; i < 70; ++i) f.add(kNow - 31 * kDay);
    for (int i = 0; i < 5; ++i) f.add(kNow - 31 * kDay, new_id());
    CHECK(f.sweep(kNow, 3) == 3);
    CHECK(f.sweep(kNow, 65) == 65);
    CHECK(f.sweep() == 7);
    CHECK(f.sweep() == 0);
}

TEST_CASE("without a retention everything stays") {
    Keeping f;
    Retention for_ever = f.keeping(std::chrono::seconds(0));
    const std::string photo = f.add(1);
    const auto swept = run_coroutine(f.io, for_ever.sweep(kNow, 10));
    CHECK(swept == 0U);
    CHECK(f.is_there(photo));
}

TEST_CASE("a photo that is deleted, and can be restored for now, is left to that") {
    Keeping f;
    const std::string photo = f.add(kNow - 31 * kDay);
    REQUIRE(f.photos.remove(**f.photos.find(photo), unix_seconds(), unix_seconds() + 600));
    CHECK(f.sweep() == 0);
    REQUIRE(*f.photos.restore(photo, std::string(26, 'o'), unix_seconds()));
    CHECK(f.sweep() == 1);
}

TEST_CASE("a removal that was cut off is finished by the next start") {
    Keeping f;
    const std::string photo = f.add(kNow - 31 * kDay);
    // As a process that is killed leaves it: decided, and no more.
    const PhotoRecord record = **f.photos.find(photo);
    REQUIRE(f.storage->put("tombstones/" + photo, encode(Tombstone{record, 1, 0})));
    CHECK(f.sweep() == 0);
    const auto finished = f.photos.finish_removals(unix_seconds());
    REQUIRE(finished);
    CHECK(finished->photos == std::vector<std::string>{photo});
    CHECK(finished->unfinished == 0);
}
