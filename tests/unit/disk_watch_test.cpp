// A disk that fills up, for real: a small tmpfs. Results go first, then uploads are refused, and room brings both back.
#include "backend/storage/disk_watch.hpp"

#include <sys/mount.h>

#include <cerrno>
#include <fstream>

#include "backend/units.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMiB = 1 << 20;

// A tmpfs of 16 MiB; not there where this process may not mount.
class SmallDisk {
  public:
    SmallDisk() {
        fs::create_directories(path());
        is_there_ = ::mount("tmpfs", path().c_str(), "tmpfs", 0, "size=16m") == 0;
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (is_there_) ::umount2(path().c_str(), MNT_DETACH);
    }
    bool is_there() const { return is_there_; }
    fs::path path() const { return dir_ / "disk"; }

    // Takes up room beside what is tested, in place of what it took before.
    void take(std::uint64_t bytes) const { write_file(path() / "ballast", std::string(bytes, 'x')); }

  private:
    TempDir dir_;
    bool is_there_ = false;
};

struct Fixture {
    explicit Fixture(const SmallDisk& disk, DiskLimits limits = {4 * kMiB, 2 * kMiB})
        : results({.folder = disk.path() / "results"}), watch(disk.path(), results, limits) {
        REQUIRE(ResultStore::make_folder(results.config()));
    }
    void store(std::uint64_t bytes) {
        const std::string content(bytes - 16, 'r');
        REQUIRE(*results.store(new_id(), "form", content, result_digest(content)));
    }

    ResultStore results;
    DiskWatch watch;
    std::stop_source stop;
};

}  // namespace

#define REQUIRE_DISK(disk)                                \
    if (!(disk).is_there()) {                             \
        WARN("skipped: this user may not mount a tmpfs"); \
        return;                                           \
    }

TEST_CASE("results are shed before uploads are refused, and both come back with the room") {
    const SmallDisk disk;
    REQUIRE_DISK(disk);
    Fixture f(disk);
    for (int i = 0; i < 6; ++i) f.store(kMiB);
    f.watch.look();
    CHECK(f.watch.takes_uploads());
    CHECK(f.results.takes_results());
    CHECK(f.watch.photos_free() / kMiB >= 9);

    disk.take(7 * kMiB);
    f.watch.look();
    CHECK_FALSE(f.results.takes_results());
    CHECK(f.watch.takes_uploads());
    f.watch.tidy(f.stop.get_token());  // the first sweep only counts
    f.watch.tidy(f.stop.get_token());
    CHECK(f.results.takes_results());
    CHECK(f.results.bytes() > 0);
    CHECK(f.results.bytes() <= 4 * kMiB);
    CHECK(f.watch.results_free() >= 4 * kMiB);

    disk.take(11 * kMiB);
    f.watch.look();
    CHECK_FALSE(f.watch.takes_uploads());
    f.watch.tidy(f.stop.get_token());
    CHECK(f.results.bytes() == 0);
    CHECK(f.watch.takes_uploads());

    disk.take(15 * kMiB);
    f.watch.look();
    f.watch.tidy(f.stop.get_token());
    CHECK_FALSE(f.results.takes_results());
    CHECK_FALSE(f.watch.takes_uploads());

    disk.take(0);
    f.watch.look();
    CHECK(f.results.takes_results());
    CHECK(f.watch.takes_uploads());
}

TEST_CASE("a limit of nothing holds nobody back") {
    const SmallDisk disk;
    REQUIRE_DISK(disk);
    Fixture f(disk, {0, 0});
    disk.take(16 * kMiB - 65536);
    f.watch.look();
    CHECK(f.results.takes_results());
    CHECK(f.watch.takes_uploads());
}

TEST_CASE("a result that the full disk refuses leaves nothing behind") {
    const SmallDisk disk;
    REQUIRE_DISK(disk);
    Fixture f(disk, {0, 0});
    disk.take(15 * kMiB);
    const std::string content(2 * kMiB, 'r');
    const auto stored = f.results.store(new_id(), "form", content, result_digest(content));
    REQUIRE_FALSE(stored);
    CHECK(stored.error().code == "storage_full");
    CHECK(files_below(disk.path() / "results").empty());
    CHECK(f.results.counts().failed == 1);
}

TEST_CASE("the watch goes on by itself, and keeps the results within their size") {
    const TempDir dir;
    ResultStore results({.folder = dir / "results", .max_size = 100'000});
    REQUIRE(ResultStore::make_folder(results.config()));
    DiskWatch watch(dir.path(), results, {0, 0});
    watch.start(milliseconds(10));
    for (int i = 0; i < 60; ++i) REQUIRE(results.store(new_id(), "form", "bytes", result_digest("bytes")));
    CHECK(wait_until(10s, [&] { return results.bytes() <= 100'000; }));
    CHECK(wait_until(10s, [&] { return files_below(dir / "results").size() * 4096 <= 100'000; }));
    CHECK(files_below(dir / "results").size() * 4096 >= 80'000);
    watch.stop();
}

TEST_CASE("a disk that cannot be asked is not taken for a full one") {
    const TempDir dir;
    ResultStore results({.folder = dir / "gone", .max_size = 1});
    DiskWatch watch(dir / "gone", results, DiskLimits{});
    watch.look();
    CHECK(watch.takes_uploads());
    CHECK_FALSE(free_bytes(dir / "gone"));
}
