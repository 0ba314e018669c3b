// Stored results: read as they were written or not at all, dropped with their photo, and swept from the oldest on.
#include "backend/storage/result_store.hpp"

#include <sys/stat.h>

#include <thread>

#include "backend/storage/age_histogram.hpp"
#include "backend/units.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t kBlock = 4096;

struct Fixture {
    explicit Fixture(ResultStoreConfig wanted = {}) {
        wanted.folder = dir / "results";
        REQUIRE(ResultStore::make_folder(wanted));
        store.emplace(std::move(wanted));
    }

    void put(const std::string& id, const std::string& form, const std::string& bytes = "bytes") {
        const auto stored = store->store(id, form, bytes, result_digest(bytes));
        REQUIRE(stored);
        REQUIRE(*stored);
    }
    bool has(const std::string& id, const std::string& form) { return store->find(id, form).has_value(); }

    fs::path only_file() const {
        const auto files = files_below(dir / "results");
        REQUIRE(files.size() == 1);
        return dir / "results" / files.front();
    }
    void age(const fs::path& file, hours by) const { fs::last_write_time(file, fs::last_write_time(file) - by); }
    std::uint64_t sweep(std::uint64_t target) { return store->sweep(target, stop.get_token()); }

    TempDir dir;
    std::optional<ResultStore> store;
    std::stop_source stop;
    std::string photo = new_id();
};

}  // namespace

TEST_CASE("a result is found as it was stored, with its digest, after a restart too") {
    Fixture f;
    const std::string bytes("a\0picture", 9);
    f.put(f.photo, "w:1/f:webp", bytes);
    ResultStore again(f.store->config());
    const auto found = again.find(f.photo, "w:1/f:webp");
    REQUIRE(found);
    CHECK(found->bytes == bytes);
    CHECK(found->digest == result_digest(bytes));
    CHECK_FALSE(again.find(f.photo, "w:2/f:webp"));
    CHECK_FALSE(again.find(new_id(), "w:1/f:webp"));
    CHECK(again.counts().hits == 1);
    CHECK(again.counts().misses == 2);
    CHECK(f.store->bytes() == kBlock);
}

TEST_CASE("a result that is stored twice is there once, and counted once") {
    Fixture f;
    f.put(f.photo, "form", "old");
    f.put(f.photo, "form", "new");
    CHECK(f.store->find(f.photo, "form")->bytes == "new");
    CHECK(f.store->bytes() == kBlock);
    CHECK(files_below(f.dir / "results").size() == 1);
}

TEST_CASE("a result that is damaged, cut off or empty is not there, and leaves its place to a new one") {
    Fixture f;
    const std::string whole = [&] {
        f.put(f.photo, "form", "a picture");
        return read_file(f.only_file());
    }();
    std::string flipped = whole;
    flipped.back() = static_cast<char>(flipped.back() ^ 1);
    for (const std::string& content :
         {flipped, whole.substr(0, whole.size() - 1), whole.substr(0, 16), std::string()}) {
        CAPTURE(content.size());
        write_file(f.only_file(), content);
        CHECK_FALSE(f.has(f.photo, "form"));
        CHECK(files_below(f.dir / "results").empty());
        f.put(f.photo, "form", "a picture");
        CHECK(f.has(f.photo, "form"));
    }
    CHECK(f.store->counts().damaged == 4);
}

TEST_CASE("dropping a photo takes all of its results and no other's") {
    Fixture f;
    const std::string other = new_id();
    f.put(f.photo, "one");
    f.put(f.photo, "two");
    f.put(other, "one");
    REQUIRE(f.store->drop(f.photo));
    CHECK_FALSE(f.has(f.photo, "one"));
    CHECK_FALSE(f.has(f.photo, "two"));
    CHECK(f.has(other, "one"));
    CHECK(f.store->bytes() == kBlock);
    CHECK(f.store->drop(f.photo));
    CHECK(f.store->drop("../../etc"));
}

TEST_CASE("a size of nothing keeps nothing, and needs no folder") {
    const TempDir dir;
    const ResultStoreConfig config{.folder = dir / "none", .max_size = 0};
    REQUIRE(ResultStore::make_folder(config));
    ResultStore store(config);
    CHECK_FALSE(*store.store(new_id(), "form", "bytes", result_digest("bytes")));
    CHECK_FALSE(store.find(new_id(), "form"));
    CHECK(store.drop(new_id()));
    CHECK_FALSE(fs::exists(dir / "none"));
}

TEST_CASE("while results are shed none is stored, but those that are left are found") {
    Fixture f;
    f.put(f.photo, "before");
    f.store->set_shedding(true);
    CHECK_FALSE(*f.store->store(f.photo, "during", "bytes", result_digest("bytes")));
    CHECK(f.has(f.photo, "before"));
    CHECK_FALSE(f.has(f.photo, "during"));
    f.store->set_shedding(false);
    f.put(f.photo, "after");
}

TEST_CASE("a folder that cannot be written to is an error that names it, and nothing is left") {
    Fixture f;
    f.put(f.photo, "form");
    write_file(f.dir / "file", "");
    const ResultStoreConfig config{.folder = f.dir / "file"};
    ResultStore store(config);
    const auto stored = store.store(f.photo, "form", "bytes", result_digest("bytes"));
    REQUIRE_FALSE(stored);
    CHECK_THAT(stored.error().detail, contains((f.dir / "file").string()));
    CHECK(store.counts().failed == 1);
    const auto made = ResultStore::make_folder({.folder = f.dir / "no/such/parent"});
    REQUIRE_FALSE(made);
    CHECK_THAT(made.error(), contains("no/such/parent"));
}

TEST_CASE("a sweep removes the longest unused until it reaches its target") {
    Fixture f;
    for (int i = 0; i < 20; ++i) {
        f.put(f.photo, "form", "bytes");
        f.age(f.only_file(), hours(i));
        fs::create_directories(f.dir / "aside");
        fs::rename(f.only_file(), f.dir / "aside" / std::to_string(i));
    }
    const fs::path folder = f.dir / "results" / f.photo.substr(0, 2) / f.photo.substr(2, 2) / f.photo;
    fs::create_directories(folder);
    for (int i = 0; i < 20; ++i) fs::rename(f.dir / "aside" / std::to_string(i), folder / std::to_string(i));
    CHECK(f.sweep(12 * kBlock) == 8 * kBlock);
    for (int i = 0; i < 20; ++i) {
        CAPTURE(i);
        CHECK(fs::exists(folder / std::to_string(i)) == (i < 12));
    }
    CHECK(f.store->bytes() == 12 * kBlock);
    CHECK(f.store->counts().evicted == 8);
    CHECK(f.sweep(0) == 12 * kBlock);
    CHECK(f.store->bytes() == 0);
    CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("of results that are all as old a sweep removes no more than it must") {
    Fixture f;
    const auto then = fs::file_time_type::clock::now() - hours(5);
    for (int i = 0; i < 50; ++i) f.put(new_id(), "form");
    for (const std::string& file : files_below(f.dir / "results")) {
        fs::last_write_time(f.dir / "results" / file, then);
    }
    CHECK(f.sweep(40 * kBlock) == 10 * kBlock);
    CHECK(files_below(f.dir / "results").size() == 40);
}

TEST_CASE("a sweep learns what was stored before the start, and removes what is too old or was left half written") {
    Fixture f;
    f.put(f.photo, "fresh");
    const std::string old = new_id();
    f.put(old, "old");
    const fs::path folder = f.dir / "results" / old.substr(0, 2) / old.substr(2, 2) / old;
    write_file(folder / ".half", "x");
    write_file(folder / ".being-written", "x");
    f.age(folder / ".half", hours(2));
    for (const std::string& file : files_below(folder)) {
        if (!file.starts_with('.')) f.age(folder / file, hours(24 * 91));
    }
    ResultStore again(f.store->config());
    CHECK(again.bytes() == 0);
    CHECK(again.sweep(UINT64_MAX, f.stop.get_token()) == kBlock);
    CHECK(again.bytes() == kBlock);
    CHECK(files_below(folder) == std::vector<std::string>{".being-written"});
    CHECK(again.find(f.photo, "fresh"));
}

TEST_CASE("a hit makes an old result young, and a young one is left as it is") {
    Fixture f;
    f.put(f.photo, "form");
    f.age(f.only_file(), hours(48));
    const auto before = fs::last_write_time(f.only_file());
    REQUIRE(f.has(f.photo, "form"));
    const auto touched = fs::last_write_time(f.only_file());
    CHECK(touched - before > hours(47));
    fs::last_write_time(f.only_file(), touched - std::chrono::minutes(30));
    REQUIRE(f.has(f.photo, "form"));
    CHECK(fs::last_write_time(f.only_file()) == touched - std::chrono::minutes(30));
}

TEST_CASE("a sweep that is asked to stop removes nothing more") {
    Fixture f;
    for (int i = 0; i < 10; ++i) f.put(new_id(), "form");
    f.stop.request_stop();
    CHECK(f.sweep(0) == 0);
    CHECK(files_below(f.dir / "results").size() == 10);
}

TEST_CASE("results are stored, found, dropped and swept at the same time, and none is found damaged") {
    Fixture f;
    const std::vector<std::string> photos{new_id(), new_id(), new_id()};
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (std::size_t i = 0; i < 300; ++i) {
                const std::string& photo = photos[(i + static_cast<std::size_t>(t)) % photos.size()];
                const std::string bytes(100 + i, static_cast<char>('a' + t));
                (void)f.store->store(photo, "form", bytes, result_digest(bytes));
                (void)f.store->find(photo, "form");
                if (i % 7 == 0) (void)f.store->drop(photo);
                if (t == 0 && i % 11 == 0) f.sweep(0);
            }
        });
    }
    threads.clear();
    CHECK(f.store->counts().damaged == 0);
    CHECK(f.store->counts().failed == 0);
    f.sweep(0);
    CHECK(files_below(f.dir / "results").empty());
}

TEST_CASE("the oldest bytes are told from the others by their age") {
    AgeHistogram ages;
    ages.add(hours(1), 100);
    ages.add(hours(10), 100);
    ages.add(hours(100), 100);
    CHECK(ages.cut(0).bucket == AgeHistogram::kBuckets);
    CHECK(ages.cut(60).bucket == AgeHistogram::bucket_of(hours(100)));
    CHECK(ages.cut(60).bytes == 60);
    CHECK(ages.cut(150).bucket == AgeHistogram::bucket_of(hours(10)));
    CHECK(ages.cut(150).bytes == 50);
    CHECK(ages.cut(1000).bucket == 0);
    CHECK(AgeHistogram::bucket_of(milliseconds(-5)) == 0);
    CHECK(AgeHistogram::bucket_of(milliseconds::max()) == AgeHistogram::kBuckets - 1);
    CHECK(AgeHistogram::bucket_of(hours(101)) <= AgeHistogram::bucket_of(hours(100)) + 1);
    CHECK(AgeHistogram::bucket_of(hours(102)) > AgeHistogram::bucket_of(hours(100)));
}
