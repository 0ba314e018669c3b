// Pictures that break converters: counted, kept away, and released.
#include "backend/photos/quarantine.hpp"

#include <set>

#include "backend/photos/quarantine_api.hpp"
#include "backend/photos/quarantined_pool.hpp"
#include "backend/storage/file_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/unit/backend_fakes.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

std::string digest_of(char digit) {
    std::string digest(64, 'a');
    digest.front() = digit;
    return digest;
}

struct Fixture {
    TempDir dir;
    std::unique_ptr<FileStore> storage = std::move(*FileStore::make(dir / "photos"));
    Quarantine quarantine{*storage, 10};

    QuarantineRecord strike(const std::string& digest, std::uint32_t strikes, std::uint64_t now) {
        QuarantineRecord offence;
        offence.digest = digest;
        offence.reason = "timeout";
        offence.strikes = strikes;
        const auto record = quarantine.strike(offence, now);
        REQUIRE(record);
        return *record;
    }
    bool is_in(const std::string& digest) {
        const auto record = quarantine.find(digest);
        REQUIRE(record);
        return *record && is_quarantined(**record);
    }
    std::size_t records() const {
        auto files = files_below(dir / "photos/quarantine");
        return files.size();
    }
};

struct PoolFixture : Fixture, QuarantineObserver {
    boost::asio::io_context io{1};
    StorageThreads threads{{.threads = 1}};
    FakePool* fake = nullptr;  // the pool's
    std::unique_ptr<QuarantinedPool> pool = make_pool();
    std::vector<std::string> quarantined;  // digests
    int refused = 0;
    int lost = 0;

    void on_quarantined(const QuarantineRecord& record) override { quarantined.push_back(record.digest); }
    void on_quarantine_refused() override { ++refused; }
    void on_strike_lost(const std::string& /*digest*/, std::string_view /*why*/) override { ++lost; }

    std::unique_ptr<QuarantinedPool> make_pool() {
        auto inner = std::make_unique<FakePool>();
        fake = inner.get();
        return std::make_unique<QuarantinedPool>(std::move(inner), quarantine, threads, *this);
    }
    void breaks(std::string_view code) { fake->error = Error{422, std::string(code), "It breaks."}; }
    // The code of the error, or "ok".
    std::string convert(const std::string& digest) {
        Conversion conversion;
        conversion.source = "photo://abc";
        JobTerms terms{.digest = digest};
        const auto picture = run_coroutine(io, pool->convert({}, std::move(conversion), std::move(terms)));
        return picture ? "ok" : picture.error().code;
    }
    std::string inspect(const std::string& digest) {
        const auto facts = run_coroutine(io, pool->inspect({}, JobTerms{.digest = digest}));
        return facts ? "ok" : facts.error().code;
    }
};

}  // namespace

TEST_CASE("a picture is in quarantine with its second strike, and out of it when it is released") {
    Fixture f;
    CHECK(f.strike(digest_of('1'), 1, 100).strikes == 1);
    CHECK_FALSE(f.is_in(digest_of('1')));
    const QuarantineRecord record = f.strike(digest_of('1'), 1, 200);
    CHECK(record.strikes == 2);
    CHECK(record.first == 100);
    CHECK(record.last == 200);
    CHECK(f.is_in(digest_of('1')));
    CHECK_FALSE(f.is_in(digest_of('2')));
    CHECK(*Quarantine(*f.storage).find(digest_of('1')) == record);
    CHECK(*f.quarantine.release(digest_of('1')));
    CHECK_FALSE(*f.quarantine.release(digest_of('1')));
    CHECK_FALSE(f.is_in(digest_of('1')));
    CHECK(f.records() == 0);
}

TEST_CASE("a strike of long ago does not count with the next") {
    constexpr std::uint64_t kTwoDays = 2 * 24 * 3600;
    Fixture f;
    f.strike(digest_of('1'), 1, 100);
    CHECK(f.strike(digest_of('1'), 1, 100 + kTwoDays).strikes == 1);
    CHECK_FALSE(f.is_in(digest_of('1')));
    CHECK(f.strike(digest_of('1'), 1, 200 + kTwoDays).strikes == 2);
    CHECK(f.strike(digest_of('1'), 1, 200 + 2 * kTwoDays).strikes == 3);
}

TEST_CASE("what is no digest is in no quarantine, and names no file") {
    Fixture f;
    for (const std::string& text : {std::string(), std::string("../../../etc/passwd"), std::string(64, 'A')}) {
        CHECK_FALSE(f.is_in(text));
        CHECK_FALSE(*f.quarantine.release(text));
    }
}

TEST_CASE("a quarantine that is full forgets what was struck longest ago") {
    Fixture f;
    const std::string digits = "0123456789";
    for (std::size_t i = 0; i < digits.size(); ++i) f.strike(digest_of(digits[i]), 2, 1000 - i);
    f.strike(digest_of('5'), 1, 2000);
    f.strike(digest_of('f'), 2, 3000);
    CHECK(f.records() == 10);
    CHECK_FALSE(f.is_in(digest_of('9')));
    CHECK(f.is_in(digest_of('5')));
    CHECK(f.is_in(digest_of('f')));
}

TEST_CASE("a listing comes in pages, of those in quarantine alone") {
    Fixture f;
    for (const char digit : {'1', '2', '3'}) f.strike(digest_of(digit), digit == '2' ? 1 : 2, 100);
    const auto all = f.quarantine.list("", 10);
    CHECK(all->pictures.size() == 2);
    CHECK(all->next.empty());
    const auto first = f.quarantine.list("", 2);
    REQUIRE(first->pictures.size() == 1);
    CHECK(first->pictures[0].digest == digest_of('1'));
    const auto second = f.quarantine.list(first->next, 2);
    REQUIRE(second->pictures.size() == 1);
    CHECK(second->pictures[0].digest == digest_of('3'));
    CHECK(second->next.empty());
}

TEST_CASE("a damaged record is none, and the next strike replaces it") {
    Fixture f;
    REQUIRE(f.storage->put("quarantine/" + digest_of('1'), "{"));
    CHECK_FALSE(f.is_in(digest_of('1')));
    CHECK(f.quarantine.list("", 10)->pictures.empty());
    f.strike(digest_of('1'), 2, 100);
    CHECK(f.is_in(digest_of('1')));
}

TEST_CASE("a picture that crashed its converters is not converted again, and is known by its bytes") {
    PoolFixture f;
    f.breaks(kCrashed);
    CHECK(f.convert(digest_of('1')) == kCrashed);
    CHECK(f.quarantined == std::vector<std::string>{digest_of('1')});
    CHECK((*f.quarantine.find(digest_of('1')))->source == "photo://abc");
    CHECK(f.convert(digest_of('1')) == kQuarantined);
    CHECK(f.inspect(digest_of('1')) == kQuarantined);
    CHECK(f.refused == 2);
    CHECK(f.fake->conversions.size() == 1);
    f.fake->error.reset();
    CHECK(f.convert(digest_of('2')) == "ok");
    CHECK(*f.quarantine.release(digest_of('1')));
    CHECK(f.convert(digest_of('1')) == "ok");
}

TEST_CASE("a picture may overrun once, as an upload or as a thumbnail") {
    PoolFixture f;
    f.breaks(kTimedOut);
    CHECK(f.inspect(digest_of('1')) == kTimedOut);
    CHECK(f.quarantined.empty());
    CHECK(f.convert(digest_of('1')) == kTimedOut);
    CHECK(f.quarantined.size() == 1);
    CHECK(f.convert(digest_of('1')) == kQuarantined);
}

TEST_CASE("what is not the picture's doing is no strike, and a job without a digest has no quarantine") {
    PoolFixture f;
    for (const char* code : {"corrupt", "too_many_pixels", "queue_timeout", "failed"}) {
        f.breaks(code);
        CHECK(f.convert(digest_of('1')) == code);
    }
    CHECK(f.records() == 0);
    f.breaks(kCrashed);
    CHECK(f.convert("") == kCrashed);
    CHECK(f.records() == 0);
    CHECK(f.lost == 0);
}

TEST_CASE("what a picture does after its caller was told that it is late is remembered as well") {
    PoolFixture f;
    f.breaks("late");
    const auto strikes_after = [&](Offence offence) {
        f.fake->unheard = offence;
        CHECK(f.convert(digest_of('1')) == "late");
        f.io.restart();
        f.io.run_for(std::chrono::seconds(10));  // until the note is taken
        return (*f.quarantine.find(digest_of('1')))->strikes;
    };
    CHECK(strikes_after(Offence::overran) == 1);
    CHECK(f.quarantined.empty());
    CHECK(strikes_after(Offence::broke_one) == 2);
    CHECK(f.quarantined.size() == 1);
    CHECK(f.convert(digest_of('1')) == kQuarantined);
}
