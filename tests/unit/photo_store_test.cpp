// Photos in the storage: there with their record, gone with their tombstone.
#include "backend/photos/photo_store.hpp"

#include <algorithm>

#include "backend/storage/file_store.hpp"
#include "backend/units.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

struct Fixture {
    TempDir dir;
    std::unique_ptr<FileStore> storage = std::move(*FileStore::make(dir / "photos"));
    PhotoStore photos{*storage};
    std::string owner = new_id();

    PhotoRecord record(std::uint64_t created_ms = 1'700'000'000'000) const {
        return {new_id(), owner, created_ms, 4000, 3000, "jpeg", 5, std::string(64, 'a'), false};
    }

    PhotoRecord add(const PhotoRecord& photo) {
        auto file = storage->make_temp();
        REQUIRE(file);
        REQUIRE(file->write("bytes"));
        REQUIRE(photos.add(photo, std::move(*file)));
        return photo;
    }

    bool is_there(const PhotoRecord& photo) {
        const auto found = photos.find(photo.id);
        REQUIRE(found);
        const auto original = photos.open_original(photo.id);
        REQUIRE(original);
        CHECK(found->has_value() == original->has_value());
        return found->has_value();
    }

    std::vector<std::string> ids(const std::string& cursor = "", std::size_t limit = 10) {
        const auto page = photos.list(owner, cursor, limit);
        REQUIRE(page);
        std::vector<std::string> ids;
        for (const PhotoRecord& photo : page->photos) ids.push_back(photo.id);
        return ids;
    }

    std::size_t files() const {
        auto files = files_below(dir / "photos");
        return static_cast<std::size_t>(
            std::ranges::count_if(files, [](const std::string& f) { return !f.starts_with("tmp/"); }));
    }
};

}  // namespace

TEST_CASE("a photo that was added is found as it was") {
    Fixture f;
    const PhotoRecord photo = f.add(f.record());
    CHECK(**f.photos.find(photo.id) == photo);
    CHECK(*f.photos.exists(photo.id));
    CHECK((*f.photos.open_original(photo.id))->object.size == 5);
    CHECK((*f.photos.open_original(photo.id))->sha256 == photo.sha256);
    CHECK(f.files() == 3);
}

TEST_CASE("an addition that is given up before the photo is there leaves nothing, and one can be taken back") {
    Fixture f;
    auto file = f.storage->make_temp();
    REQUIRE(file);
    std::stop_source nobody_waits;
    nobody_waits.request_stop();
    const PhotoRecord photo = f.record();
    CHECK(f.photos.add(photo, std::move(*file), nobody_waits.get_token()).error().code == "storage_timeout");
    CHECK_FALSE(f.is_there(photo));
    CHECK(f.files() == 0);
    const PhotoRecord late = f.add(f.record());
    REQUIRE(f.photos.take_back(late));
    CHECK_FALSE(f.is_there(late));
    CHECK(f.files() == 0);
}

TEST_CASE("without its record a photo is not there: the record is written last") {
    Fixture f;
    const PhotoRecord photo = f.add(f.record());
    REQUIRE(f.storage->remove("photos/" + photo.id + "/record"));
    CHECK_FALSE(f.is_there(photo));
    CHECK(f.ids().empty());
}

TEST_CASE("from its tombstone on a photo is not there, whatever is left of it") {
    Fixture f;
    const PhotoRecord photo = f.add(f.record());
    REQUIRE(f.storage->put("tombstones/" + photo.id, encode(photo)));
    CHECK_FALSE(f.is_there(photo));
    CHECK(f.ids().empty());
}

TEST_CASE("a removed photo leaves no file") {
    Fixture f;
    const PhotoRecord photo = f.add(f.record());
    CHECK(*f.photos.remove(photo));
    CHECK_FALSE(f.is_there(photo));
    CHECK(f.files() == 1);  // the tombstone, until the edges know
    REQUIRE(f.photos.forget_removed(photo.id));
    CHECK(f.files() == 0);
}

TEST_CASE("a photo is not forgotten while files of it are left") {
    Fixture f;
    const PhotoRecord photo = f.add(f.record());
    REQUIRE(f.storage->put("tombstones/" + photo.id, encode(photo)));
    REQUIRE(f.photos.forget_removed(photo.id));
    CHECK_FALSE(f.is_there(photo));
}

TEST_CASE("a removal that was interrupted is finished at the next start") {
    Fixture f;
    const PhotoRecord photo = f.add(f.record());
    const PhotoRecord other = f.add(f.record());
    REQUIRE(f.storage->put("tombstones/" + photo.id, encode(photo)));
    REQUIRE(f.storage->remove("photos/" + photo.id + "/original"));
    const auto removals = f.photos.finish_removals();
    REQUIRE(removals);
    CHECK(removals->photos == std::vector{photo.id});
    CHECK(removals->unfinished == 0);
    CHECK(f.files() == 4);
    CHECK(f.is_there(other));
}

TEST_CASE("a photo that can be restored keeps its files through a start, until its time is over") {
    Fixture f;
    const PhotoRecord photo = f.add(f.record());
    CHECK(*f.photos.remove(photo, 1000, 1600));
    CHECK_FALSE(f.is_there(photo));
    REQUIRE(f.photos.forget_removed(photo.id));
    const auto removals = f.photos.finish_removals(1600);
    REQUIRE(removals);
    CHECK(removals->restorable == std::map<std::string, std::uint64_t>{{photo.id, 1600}});
    CHECK(removals->unfinished == 0);
    CHECK(f.photos.list_deleted(f.owner, "", 10, 1600)->photos == std::vector{Tombstone{photo, 1000, 1600}});
    CHECK(f.photos.list_deleted(f.owner, "", 10, 1601)->photos.empty());
    CHECK(f.photos.list_deleted(new_id(), "", 10, 1600)->photos.empty());
    CHECK_FALSE(*f.photos.restore(photo.id, new_id(), 1600));
    CHECK_FALSE(*f.photos.restore(photo.id, f.owner, 1601));
    CHECK(**f.photos.restore(photo.id, f.owner, 1600) == photo);
    CHECK(f.is_there(photo));
    CHECK(f.files() == 3);
    CHECK(*f.photos.remove(photo, 1000, 1600));
    CHECK(*f.photos.finish_removal(photo.id, 1600));
    CHECK(f.files() == 4);
    CHECK(*f.photos.finish_removal(photo.id, 1601));
    CHECK_FALSE(*f.photos.restore(photo.id, f.owner, 1601));
    CHECK(f.files() == 1);  // the tombstone, until the edges know
}

TEST_CASE("a photo that is there is not removed because its removal was to be finished once") {
    Fixture f;
    const PhotoRecord photo = f.add(f.record());
    CHECK(*f.photos.finish_removal(photo.id, UINT64_MAX));
    CHECK(f.is_there(photo));
}

TEST_CASE("a restoration that is given up leaves the photo deleted") {
    Fixture f;
    const PhotoRecord photo = f.add(f.record());
    CHECK(*f.photos.remove(photo, 1000, 1600));
    std::stop_source nobody_waits;
    nobody_waits.request_stop();
    CHECK(f.photos.restore(photo.id, f.owner, 1000, nobody_waits.get_token()).error().code == "storage_timeout");
    CHECK_FALSE(f.is_there(photo));
}

TEST_CASE("a tombstone that cannot be read is counted, and stops nothing") {
    Fixture f;
    const PhotoRecord photo = f.add(f.record());
    REQUIRE(f.storage->put("tombstones/" + photo.id, encode(photo)));
    REQUIRE(f.storage->put("tombstones/" + new_id(), std::string_view("{")));
    const auto removals = f.photos.finish_removals();
    CHECK(removals->photos.size() == 2);
    CHECK(std::ranges::count(removals->photos, photo.id) == 1);
    CHECK(removals->unfinished == 1);
}

TEST_CASE("a listing is the owner's own, newest first") {
    Fixture f;
    const PhotoRecord oldest = f.add(f.record(999));
    const PhotoRecord middle = f.add(f.record(1000));
    const PhotoRecord newest = f.add(f.record(1'700'000'000'000));
    PhotoRecord foreign = f.record();
    foreign.owner = new_id();
    f.add(foreign);
    CHECK(f.ids() == std::vector<std::string>{newest.id, middle.id, oldest.id});
}

TEST_CASE("a listing comes in pages, each photo once") {
    Fixture f;
    std::vector<std::string> added;
    for (std::uint64_t i = 0; i < 7; ++i) added.insert(added.begin(), f.add(f.record(1000 + i / 3)).id);
    std::vector<std::string> listed;
    std::string cursor;
    do {
        const auto page = f.photos.list(f.owner, cursor, 3);
        REQUIRE(page);
        CHECK(page->photos.size() <= 3);
        for (const PhotoRecord& photo : page->photos) listed.push_back(photo.id);
        cursor = page->next;
    } while (!cursor.empty());
    CHECK(std::ranges::is_permutation(listed, added));
    CHECK(f.photos.list(f.owner, "", 7)->next.empty());
}

TEST_CASE("a cursor that no listing gave is refused") {
    Fixture f;
    CHECK(f.photos.list(f.owner, "garbage", 3).error().status == 400);
    CHECK(f.photos.list(f.owner, "../../etc", 3).error().status == 400);
}

TEST_CASE("one damaged record hides no other photo") {
    Fixture f;
    const PhotoRecord photo = f.add(f.record());
    const PhotoRecord damaged = f.add(f.record());
    REQUIRE(f.storage->put("photos/" + damaged.id + "/record", std::string_view("{}")));
    CHECK(f.photos.find(damaged.id).error().code == "damaged_record");
    CHECK(f.ids() == std::vector<std::string>{photo.id});
}

TEST_CASE("a lost original is an error, not a photo that never was") {
    Fixture f;
    const PhotoRecord photo = f.add(f.record());
    REQUIRE(f.storage->remove("photos/" + photo.id + "/original"));
    CHECK(f.photos.open_original(photo.id).error().status == 500);
}

TEST_CASE("what is no id names nothing") {
    Fixture f;
    for (const char* id : {"", "x", "..", "../../../../etc/passwd", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}) {
        CHECK_FALSE(*f.photos.exists(id));
        CHECK_FALSE(f.photos.find(id)->has_value());
        CHECK_FALSE(f.photos.open_original(id)->has_value());
    }
}

TEST_CASE("records are read as they were written") {
    PhotoRecord photo{new_id(), new_id(), 1'700'000'000'123, 4000, 3000, "heic", 1ULL << 40, "ab", true};
    photo.appearance = {.frames = 3, .orientation = 6, .dominant_colour = "#ff8000", .thumbhash = "+/8="};
    CHECK(decode_photo(encode(photo)) == photo);
    CHECK(decode_tombstone(encode(Tombstone{photo, 5, 6})) == Tombstone{photo, 5, 6});
    CHECK(decode_tombstone(encode(photo)) == Tombstone{photo, 0, 0});
    const LinkRecord link{new_id(), new_id(), {new_id(), new_id()}, "a \"name\"", 1, 9, "/w:2", std::string(32, 'f')};
    CHECK(decode_link(encode(link)) == link);
}

TEST_CASE("a photo's record of an earlier version, which does not say how it looks, is read and written as it was") {
    const std::string id = new_id();
    const std::string owner = new_id();
    const std::string earlier = R"({"id":")" + id + R"(","owner":")" + owner +
                                R"(","created_ms":1,"width":2,"height":3,"format":"jpeg","bytes":4,"sha256":"ab",)"
                                R"("has_alpha":true})";
    const auto photo = decode_photo(earlier);
    REQUIRE(photo);
    CHECK(photo->has_alpha);
    CHECK_FALSE(photo->appearance);
    CHECK(encode(*photo) == earlier);
}

TEST_CASE("a record that says only a part of how a photo looks is none") {
    PhotoRecord photo{new_id(), new_id(), 1, 2, 3, "jpeg", 4, "", false};
    photo.appearance = {.frames = 3, .orientation = 6, .dominant_colour = "#ff8000", .thumbhash = "+/8="};
    const std::string whole = encode(photo);
    for (const char* member : {R"("frames":3,)", R"("orientation":6,)", R"("dominant_color":"#ff8000",)"}) {
        CAPTURE(member);
        std::string part = whole;
        REQUIRE(part.find(member) != std::string::npos);
        CHECK_FALSE(decode_photo(part.erase(part.find(member), std::string_view(member).size())));
    }
}

TEST_CASE("what is no record is not taken for one") {
    const PhotoRecord photo{new_id(), new_id(), 1, 2, 3, "jpeg", 4, "", false};
    const std::string good = encode(photo);
    for (const std::string& bad :
         {std::string(), std::string("{}"), std::string("[]"), good.substr(0, good.size() - 1),
          replace_all(good, "\"width\":2", "\"width\":-2"), replace_all(good, "\"width\":2", "\"width\":\"2\""),
          replace_all(good, "\"width\":2", "\"width\":4294967296"), replace_all(good, photo.owner, "..")}) {
        CAPTURE(bad);
        CHECK_FALSE(decode_photo(bad));
    }
    CHECK(decode_photo(replace_all(good, "{", "{\"from_a_later_version\":1,")) == photo);
}
