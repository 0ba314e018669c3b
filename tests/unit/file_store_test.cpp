// Storage in files: what is put is there whole or not at all.
#include "backend/storage/file_store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<FileStore> store_in(const TempDir& dir) {
    auto store = FileStore::make(dir / "photos");
    REQUIRE(store);
    return std::move(*store);
}

std::optional<std::string> read(Storage& store, std::string_view key) {
    auto bytes = read_object(store, key, 1 << 20);
    REQUIRE(bytes);
    return *bytes;
}

std::vector<std::string> list(Storage& store, std::string_view prefix) {
    auto keys = store.list(prefix);
    REQUIRE(keys);
    return *keys;
}

// Files below the store's folder, without those of tmp/.
std::vector<std::string> stored(const TempDir& dir) {
    auto files = files_below(dir / "photos");
    std::erase_if(files, [](const std::string& file) { return file.starts_with("tmp/"); });
    return files;
}

}  // namespace

TEST_CASE("what was put is opened with its size, and lies in a fan of folders") {
    const TempDir dir;
    const auto store = store_in(dir);
    REQUIRE(store->put("photos/abcdefgh/original", std::string_view("bytes")));
    CHECK(read(*store, "photos/abcdefgh/original") == "bytes");
    CHECK((*store->open("photos/abcdefgh/original"))->size == 5);
    CHECK(stored(dir) == std::vector<std::string>{"photos/ab/cd/abcdefgh/original"});
}

TEST_CASE("only the owner of the service can read what it keeps") {
    const TempDir dir;
    const auto store = store_in(dir);
    REQUIRE(store->put("photos/abcdefgh/original", std::string_view("bytes")));
    struct stat facts{};
    for (const char* path : {"photos", "photos/photos/ab/cd/abcdefgh", "photos/photos/ab/cd/abcdefgh/original"}) {
        REQUIRE(::stat((dir / path).c_str(), &facts) == 0);
        CHECK((facts.st_mode & 077) == 0);
    }
}

TEST_CASE("putting again replaces") {
    const TempDir dir;
    const auto store = store_in(dir);
    REQUIRE(store->put("tombstones/abcd", std::string_view("one")));
    REQUIRE(store->put("tombstones/abcd", std::string_view("two")));
    CHECK(read(*store, "tombstones/abcd") == "two");
}

TEST_CASE("a received file moves into place and is no temporary file any more") {
    const TempDir dir;
    const auto store = store_in(dir);
    auto file = store->make_temp();
    REQUIRE(file);
    REQUIRE(file->write("first "));
    REQUIRE(file->write("second"));
    const std::string was = file->path();
    REQUIRE(store->put("photos/abcdefgh/original", std::move(*file)));
    CHECK(read(*store, "photos/abcdefgh/original") == "first second");
    CHECK_FALSE(fs::exists(was));
}

TEST_CASE("a received file that is not put is gone with its object") {
    const TempDir dir;
    const auto store = store_in(dir);
    std::string was;
    {
        auto file = store->make_temp();
        REQUIRE(file);
        REQUIRE(file->write("bytes"));
        was = file->path();
        CHECK(fs::exists(was));
    }
    CHECK_FALSE(fs::exists(was));
}

TEST_CASE("a received file can be read through a descriptor that cannot write") {
    const TempDir dir;
    const auto store = store_in(dir);
    auto file = store->make_temp();
    REQUIRE(file);
    REQUIRE(file->write("bytes"));
    const auto reader = file->open_for_reading();
    REQUIRE(reader);
    char byte = 0;
    CHECK(::read(reader->get(), &byte, 1) == 1);
    CHECK(byte == 'b');
    CHECK(::write(reader->get(), "x", 1) == -1);
}

TEST_CASE("what is removed is gone, its own folder too, and removing it again is no error") {
    const TempDir dir;
    const auto store = store_in(dir);
    REQUIRE(store->put("photos/abcdefgh/original", std::string_view("bytes")));
    REQUIRE(store->remove("photos/abcdefgh/original"));
    CHECK_FALSE(*store->contains("photos/abcdefgh/original"));
    CHECK(read(*store, "photos/abcdefgh/original") == std::nullopt);
    CHECK_FALSE(fs::exists(dir / "photos/photos/ab/cd/abcdefgh"));
    CHECK(store->remove("photos/abcdefgh/original"));
    CHECK(store->remove("photos/never-there/original"));
    REQUIRE(store->put("photos/abcdefgh/original", std::string_view("again")));
    CHECK(read(*store, "photos/abcdefgh/original") == "again");
}

TEST_CASE("a folder that a killed process left empty goes with the removal that is done again") {
    const TempDir dir;
    const auto store = store_in(dir);
    REQUIRE(store->put("photos/abcdef/original", "bytes"));
    const fs::path folder = dir / "photos/photos/ab/cd/abcdef";
    REQUIRE(fs::remove(folder / "original"));
    CHECK(store->remove("photos/abcdef/original"));
    CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("keys are listed in order, of one name or of a whole kind") {
    const TempDir dir;
    const auto store = store_in(dir);
    for (const char* key : {"owners/bbbb/2-x", "owners/aaaa/3-z", "owners/aaaa/1-y", "tombstones/dddd"}) {
        REQUIRE(store->put(key, std::string_view()));
    }
    CHECK(list(*store, "owners/aaaa/") == std::vector<std::string>{"owners/aaaa/1-y", "owners/aaaa/3-z"});
    CHECK(list(*store, "owners/") == std::vector<std::string>{"owners/aaaa/1-y", "owners/aaaa/3-z", "owners/bbbb/2-x"});
    CHECK(list(*store, "tombstones/") == std::vector<std::string>{"tombstones/dddd"});
    CHECK(list(*store, "owners/cccc/").empty());
    CHECK(list(*store, "links/").empty());
}

TEST_CASE("the names of a kind are listed in order, some at a time, each once") {
    const TempDir dir;
    const auto store = store_in(dir);
    std::vector<std::string> names;
    for (const char* name : {"aaaa1", "aaab", "aabb", "abbb", "bbbb", "bbbbb", "zzzz"}) {
        names.emplace_back(name);
        REQUIRE(store->put(std::string("kind/") + name + "/one", std::string_view()));
        REQUIRE(store->put(std::string("kind/") + name + "/two", std::string_view()));
    }
    for (const std::size_t most : {1U, 2U, 3U, 7U, 100U}) {
        std::vector<std::string> seen;
        for (;;) {
            const auto some = store->list_names("kind", seen.empty() ? "" : seen.back(), most);
            REQUIRE(some);
            CHECK(some->size() <= most);
            if (some->empty()) break;
            seen.insert(seen.end(), some->begin(), some->end());
        }
        CHECK(seen == names);
    }
    CHECK(*store->list_names("kind", "aaac", 2) == std::vector<std::string>{"aabb", "abbb"});
    CHECK(store->list_names("none", "", 5)->empty());
    CHECK_FALSE(store->list_names("../kind", "", 5));
}

TEST_CASE("a key cannot lead out of the store") {
    const TempDir dir;
    const auto store = store_in(dir);
    write_file(dir / "secret", "s");
    for (const char* key : {"", "photos", "/etc/passwd", "photos/../../secret", "photos//abcd", "photos/abcd/..",
                            "../secret", "photos/.abcd/x", "photos/abcd/.x", "photos/ab", "photos/abcd/a b",
                            "photos/abcd/a\nb", "photos/abcd/x/", "a/bbbb/c/d/e", "photos/abc\xC3\xA9/x"}) {
        CAPTURE(key);
        CHECK_FALSE(is_storage_key(key));
        CHECK(store->open(key).error().code == "bad_storage_key");
        CHECK(store->put(key, std::string_view("x")).error().code == "bad_storage_key");
        CHECK(store->remove(key).error().code == "bad_storage_key");
        CHECK(store->contains(key).error().code == "bad_storage_key");
    }
    CHECK(store->list("../").error().code == "bad_storage_key");
    CHECK(store->list("photos").error().code == "bad_storage_key");
    CHECK(store->list("photos/../").error().code == "bad_storage_key");
    CHECK(fs::exists(dir / "secret"));
}

TEST_CASE("a start removes what a crashed process was receiving, and nothing of a live one") {
    const TempDir dir;
    write_file(dir / "photos/tmp/crashed/0", "half a picture");
    write_file(dir / "photos/tmp/crashed/lock", "");
    const auto live = store_in(dir);
    CHECK_FALSE(fs::exists(dir / "photos/tmp/crashed"));
    auto file = live->make_temp();
    REQUIRE(file);
    const auto second = store_in(dir);
    CHECK(fs::exists(file->path()));
    REQUIRE(live->put("photos/abcdefgh/original", std::move(*file)));
}

TEST_CASE("a store that ends leaves no receiving folder") {
    const TempDir dir;
    store_in(dir).reset();
    CHECK(files_below(dir / "photos") == std::vector<std::string>{"tmp/lock"});
}

TEST_CASE("a folder that cannot be written is named") {
    const TempDir dir;
    write_file(dir / "photos", "a file");
    const auto store = FileStore::make(dir / "photos");
    REQUIRE_FALSE(store);
    CHECK_THAT(store.error(), contains("photos"));
}

TEST_CASE("an object above the reader's limit is an error, not half of it") {
    const TempDir dir;
    const auto store = store_in(dir);
    REQUIRE(store->put("tombstones/abcd", std::string_view("12345")));
    CHECK(read_object(*store, "tombstones/abcd", 5));
    CHECK(read_object(*store, "tombstones/abcd", 4).error().code == "damaged_record");
}

TEST_CASE("putting and removing at once in one folder loses nothing") {
    const TempDir dir;
    const auto store = store_in(dir);
    const auto churn = [&](char name) {
        const std::string key = std::string("owners/abcd/") + name;
        for (int i = 0; i < 25; ++i) {
            const bool put = store->put(key, std::string_view("x")).has_value();
            const bool there = *store->contains(key);
            const bool removed = store->remove(key).has_value();
            if (!put || !there || !removed) return false;
        }
        return store->put(key, std::string_view("x")).has_value();
    };
    bool first = false;
    bool second = false;
    {
        const std::jthread a([&] { first = churn('a'); });
        const std::jthread b([&] { second = churn('b'); });
    }
    CHECK(first);
    CHECK(second);
    CHECK(list(*store, "owners/abcd/").size() == 2);
}
