// GET /thumb/info:1/…: what is said of a photo, for shared caches to keep.
#include "backend/photos/photo_info.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/photo_service.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

std::string info_of(const std::string& photo) {
    return "/thumb/info:1/plain/photo://" + photo;
}

}  // namespace

TEST_CASE("a photo's description is its record's, for shared caches to keep, and needs no converter") {
    PhotoService f;
    const auto response = f.ask("GET", info_of(f.upload()));
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->body == R"({"format":"jpeg","width":400,"height":300,"has_alpha":false,"frames":3,"orientation":6,)"
                            R"("dominant_color":"#5a0f3c","thumbhash":"+//+EA=="})"
                            "\n");
    CHECK(find_header(response->headers, "Content-Type") == "application/json");
    CHECK(find_header(response->headers, "Cache-Control") == "max-age=2592000");
    for (const char* none : {"Vary", "Set-Cookie", "X-Request-ID", "Thumb-Interim"}) {
        CHECK(find_header(response->headers, none).empty());
    }
    CHECK(f.pool.conversions.empty());
}

TEST_CASE("a description that the asker has is 304, with the same tag, and another photo's has another tag") {
    PhotoService f;
    const std::string photo = f.upload();
    const std::string etag(find_header(f.ask("GET", info_of(photo))->headers, "ETag"));
    CHECK(etag.size() == 34);
    f.pool.facts.width = 401;
    const std::string other = f.upload();
    f.if_none_match = etag;
    const auto same = f.ask("GET", info_of(photo));
    CHECK(same->status == 304);
    CHECK(same->body.empty());
    CHECK(find_header(same->headers, "ETag") == etag);
    CHECK(f.ask("GET", info_of(other))->status == 200);
}

TEST_CASE("of a photo that an earlier version took, what is known is said") {
    PhotoService f;
    const std::string photo = f.upload();
    const auto stored = f.photos.find(photo);
    REQUIRE(stored);
    PhotoRecord earlier = **stored;
    earlier.appearance.reset();
    write_file(f.dir / "photos/photos" / photo.substr(0, 2) / photo.substr(2, 2) / photo / "record", encode(earlier));
    REQUIRE(f.photos.find(photo).value() == earlier);
    CHECK(f.ask("GET", info_of(photo))->body ==
          "{\"format\":\"jpeg\",\"width\":400,\"height\":300,\"has_alpha\":false}\n");
    const auto shown = f.ask_json("GET", "/api/photos/" + photo);
    CHECK(shown.at("width") == 400);
    for (const char* none : {"frames", "orientation", "dominant_color", "thumbhash"}) CHECK_FALSE(shown.contains(none));
}

TEST_CASE("a photo that is not there has no description, and no fallback picture's either") {
    PhotoService f(0, true);
    CHECK(f.ask("GET", info_of("nobody")).error().code == "no_such_photo");
    CHECK(f.ask("GET", "/thumb/info:1/plain/https://a.example/b").error().code == "source_not_configured");
    const std::string photo = f.upload();
    REQUIRE(f.ask("DELETE", "/api/photos/" + photo)->status == 204);
    CHECK(f.ask("GET", info_of(photo)).error().status == 404);
    CHECK(f.ask("GET", "/thumb/info:1/w:300/plain/photo://" + photo).error().status == 400);
}
