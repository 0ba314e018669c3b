// Photos that go when they have been kept for as long as --retention says: for everybody, and for good.
#include <algorithm>
#include <csignal>
#include <ctime>

#include "tests/support/catch.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

// A chain that keeps photos for two seconds; it looks at them when it starts.
struct Keeping {
    Stack stack;
    CookieJar owner;
    Uploaded photo;

    Keeping() : stack({.thumbgated_flags = {"--retention", "2s"}, .has_fault_points = true}) {
        photo = stack.upload(photos::flower(), &owner);
        stack.edge().expect_log("[error]");
    }

    std::string small() const { return photo.thumbnails.at(320); }
    int status() { return stack.get("/api/photos/" + photo.id, {}, &owner).status; }
    void wait_until_old() {
        const auto created = parse_json(photo.response.body).at("created").to_number<std::int64_t>();
        CHECK(wait_until(20s, [&] { return std::time(nullptr) > created + 3; }));
    }
    // For everybody: also from the edge's caches.
    bool is_gone() {
        return wait_until(20s, [&] { return status() == 404 && stack.get(small()).status == 404; });
    }
    // Nor is it remembered that there was one, once every edge knows.
    bool has_left_nothing() {
        return wait_until(20s, [&] {
            const auto files = stack.stored_files();
            return std::ranges::none_of(files, [&](const std::string& file) { return file.contains(photo.id); });
        });
    }
};

}  // namespace

TEST_CASE("a photo that is too old goes, from the edge's caches too, and cannot be restored") {
    Keeping keeping;
    keeping.stack.get_cached(keeping.small());
    keeping.wait_until_old();
    CHECK(keeping.status() == 200);
    keeping.stack.drain_backend();
    keeping.stack.backend().start();
    CHECK(keeping.is_gone());
    CHECK(keeping.stack.backend_metric("thumbgate_backend_photos_expired_total") == 1);
    const Response restored = keeping.stack.send(
        {.url = "/api/photos/" + keeping.photo.id + "/restore", .method = "POST", .jar = &keeping.owner});
    CHECK(restored.status == 404);
    CHECK(parse_json(keeping.stack.get("/api/photos?deleted=1", {}, &keeping.owner).body)
              .at("photos")
              .as_array()
              .empty());
    CHECK(keeping.has_left_nothing());
}

TEST_CASE("a removal for age that is cut off by a kill is finished by the next start") {
    const std::string point = GENERATE(as<std::string>{}, "removal-decided", "removal-unannounced");
    INFO(point);
    Keeping keeping;
    keeping.stack.get_cached(keeping.small());
    keeping.wait_until_old();
    keeping.stack.drain_backend();
    write_file(keeping.stack.dir() / "fault" / (point + ".kill"), "");
    keeping.stack.backend().launch();
    const auto ended = keeping.stack.backend().wait(20s);
    REQUIRE(ended);
    CHECK(ended->signal == SIGKILL);
    keeping.stack.backend().start();
    CHECK(keeping.is_gone());
    CHECK(keeping.has_left_nothing());
}
