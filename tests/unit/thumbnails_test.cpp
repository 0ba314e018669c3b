// Thumbnails: converted once, kept, and an AVIF stood in for while it is made.
#include "backend/photos/thumbnails.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/photo_service.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

TEST_CASE("a thumbnail is what the canonical form describes, for shared caches to keep") {
    PhotoService f;
    const std::string form = "w:160/f:webp/plain/photo://" + f.upload();
    const auto response = f.ask("GET", "/thumb/" + form);
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK_THAT(response->body, contains("picture of " + form));
    CHECK(find_header(response->headers, "Content-Type") == "image/webp");
    CHECK(find_header(response->headers, "Cache-Control") == "max-age=2592000");
    for (const char* none : {"Vary", "Set-Cookie", "X-Request-ID", "Last-Modified"}) {
        CHECK(find_header(response->headers, none).empty());
    }
}

TEST_CASE("a thumbnail that the asker has is 304, with the same tag") {
    PhotoService f;
    const std::string target = "/thumb/w:160/f:webp/plain/photo://" + f.upload();
    const std::string etag(find_header(f.ask("GET", target)->headers, "ETag"));
    CHECK(etag.size() == 34);
    f.if_none_match = "\"other\", W/" + etag;
    const auto response = f.ask("GET", target);
    CHECK(response->status == 304);
    CHECK(response->body.empty());
    CHECK(find_header(response->headers, "ETag") == etag);
    f.if_none_match = "\"other\"";
    CHECK(f.ask("GET", target)->status == 200);
}

TEST_CASE("a photo that is deleted while it is converted is not served") {
    PhotoService f;
    const std::string photo = f.upload();
    f.pool.before_answer = [&] { REQUIRE(f.photos.remove(**f.photos.find(photo))); };
    CHECK(f.ask("GET", "/thumb/w:1/f:jpeg/plain/photo://" + photo).error().status == 404);
}

TEST_CASE("a thumbnail is converted once, and from then on it is read") {
    PhotoService f(1 << 20);
    const std::string photo = f.upload();
    const std::string target = "/thumb/w:160/f:jpeg/plain/photo://" + photo;
    const auto made = f.ask("GET", target);
    const auto stored = f.ask("GET", target);
    REQUIRE(made);
    REQUIRE(stored);
    CHECK(f.pool.conversions.size() == 1);
    CHECK(stored->body == made->body);
    for (const char* name : {"Content-Type", "Cache-Control", "ETag"}) {
        CHECK(find_header(stored->headers, name) == find_header(made->headers, name));
    }
    REQUIRE(f.ask("DELETE", "/api/photos/" + photo)->status == 204);
    CHECK(f.ask("GET", target).error().status == 404);
    CHECK(files_below(f.dir / "results").empty());
}

TEST_CASE("the results of a photo that is deleted while it is converted are not kept") {
    PhotoService f(1 << 20);
    const std::string photo = f.upload();
    f.pool.before_answer = [&] { REQUIRE(f.photos.remove(**f.photos.find(photo))); };
    CHECK(f.ask("GET", "/thumb/w:1/f:jpeg/plain/photo://" + photo).error().status == 404);
    CHECK(files_below(f.dir / "results").empty());
}

TEST_CASE("where results cannot be stored, thumbnails are served all the same, and it is said once") {
    PhotoService f(1 << 20);
    const std::string photo = f.upload();
    std::filesystem::remove_all(f.dir / "results");
    write_file(f.dir / "results", "no folder");
    CHECK(f.ask("GET", "/thumb/w:1/f:jpeg/plain/photo://" + photo)->status == 200);
    CHECK(f.ask("GET", "/thumb/w:2/f:jpeg/plain/photo://" + photo)->status == 200);
    CHECK(f.results.counts().failed == 2);
    CHECK(f.not_stored == 1);
}

TEST_CASE("a negotiated AVIF is answered at once by the next best format, for a moment, until it is there") {
    PhotoService f(1 << 20);
    const std::string photo = f.upload();
    const std::string target = "/thumb/w:160/accept:avif+webp/plain/photo://" + photo;
    const auto interim = f.ask("GET", target);
    REQUIRE(interim);
    CHECK(find_header(interim->headers, "Content-Type") == "image/webp");
    CHECK(find_header(interim->headers, "Cache-Control") == "max-age=2");
    CHECK(find_header(interim->headers, "X-Accel-Expires") == "2");
    CHECK(find_header(interim->headers, "Thumb-Interim") == "2");
    REQUIRE(f.settles(target, "image/avif"));
    const auto avif = f.ask("GET", target);
    CHECK(find_header(avif->headers, "Cache-Control") == "max-age=2592000");
    for (const char* name : {"X-Accel-Expires", "Thumb-Interim"}) CHECK(find_header(avif->headers, name).empty());
    CHECK(f.thumbnails.interims() >= 1);
    CHECK(f.pool.conversions.size() == 2);

    // Who takes WebP alone shares it, as what it is to them: for good.
    const auto webp = f.ask("GET", "/thumb/w:160/accept:webp/plain/photo://" + photo);
    CHECK(webp->body == interim->body);
    CHECK(find_header(webp->headers, "Cache-Control") == "max-age=2592000");
    CHECK(find_header(webp->headers, "ETag") != find_header(interim->headers, "ETag"));
    CHECK(f.pool.conversions.size() == 2);
}

TEST_CASE("who takes AVIF and no WebP has JPEG for the moment") {
    PhotoService f(1 << 20);
    const std::string target = "/thumb/w:160/accept:avif/plain/photo://" + f.upload();
    CHECK(find_header(f.ask("GET", target)->headers, "Content-Type") == "image/jpeg");
    CHECK(f.settles(target, "image/avif"));
}

TEST_CASE("an AVIF that is named, or could not be kept, is waited for") {
    PhotoService f(1 << 20);
    const std::string photo = f.upload();
    const auto named = f.ask("GET", "/thumb/w:160/f:avif/plain/photo://" + photo);
    CHECK(find_header(named->headers, "Content-Type") == "image/avif");
    CHECK(find_header(named->headers, "Thumb-Interim").empty());
    f.results.set_shedding(true);
    const auto shed = f.ask("GET", "/thumb/w:161/accept:avif+webp/plain/photo://" + photo);
    CHECK(find_header(shed->headers, "Content-Type") == "image/avif");
    PhotoService off;
    const auto without = off.ask("GET", "/thumb/w:160/accept:avif+webp/plain/photo://" + off.upload());
    CHECK(find_header(without->headers, "Content-Type") == "image/avif");
    CHECK(find_header(without->headers, "Cache-Control") == "max-age=2592000");
}

TEST_CASE("where the AVIF cannot be made, what stood in for it is good for as long as any") {
    PhotoService f(1 << 20);
    const std::string photo = f.upload();
    const std::string target = "/thumb/w:160/accept:avif+webp/plain/photo://" + photo;
    f.pool.avif_error = Error{422, "too_large", "no"};
    const std::string etag(find_header(f.ask("GET", target)->headers, "ETag"));
    CHECK(f.settles(target, "image/webp", "max-age=2592000"));
    // A cache that asks whether its interim is still the same must hear that it is none any more.
    f.if_none_match = etag;
    CHECK(f.ask("GET", target)->status == 200);
    const std::size_t tried = f.pool.conversions.size();
    f.ask("GET", target);
    CHECK(f.pool.conversions.size() == tried);
}

TEST_CASE("an AVIF that an overload prevented is tried again") {
    PhotoService f(1 << 20);
    const std::string target = "/thumb/w:160/accept:avif+webp/plain/photo://" + f.upload();
    f.pool.avif_error = Error{503, "queue_full", "no"};
    CHECK(find_header(f.ask("GET", target)->headers, "Thumb-Interim") == "2");
    REQUIRE(wait_until(10s, [&] { return f.ask("GET", target) && f.pool.avifs >= 2; }));
    f.pool.avif_error.reset();
    CHECK(f.settles(target, "image/avif"));
}

TEST_CASE("a picture that cannot be converted has no interim either") {
    PhotoService f(1 << 20);
    const std::string target = "/thumb/w:160/accept:avif+webp/plain/photo://" + f.upload();
    f.pool.error = Error{422, "corrupt", "no"};
    CHECK(f.ask("GET", target).error().code == "corrupt");
}

TEST_CASE("any other spelling than the canonical one, and any other source, converts nothing") {
    PhotoService f;
    const std::string photo = f.upload();
    CHECK(f.ask("GET", "/thumb/f:webp/w:1/plain/photo://" + photo).error().status == 400);
    CHECK(f.ask("GET", "/thumb/w:1/f:webp/plain/photo://" + photo + "?x").error().status == 400);
    CHECK(f.ask("GET", "/thumb/").error().status == 400);
    CHECK(f.ask("GET", "/thumb/w:1/f:webp/plain/https://example.com/a.jpg").error().code == "source_not_configured");
    CHECK(f.ask("GET", "/thumb/w:1/f:webp/plain/local:///etc/passwd").error().code == "source_not_configured");
    CHECK(f.ask("GET", "/thumb/w:1/f:webp/plain/photo://../../secret").error().code == "no_such_photo");
    CHECK(f.pool.conversions.empty());
}

TEST_CASE("an entity tag is found in a list, weak or strong") {
    CHECK(names_etag("\"a\"", "\"a\""));
    CHECK(names_etag(" W/\"b\" ,\t\"a\"", "\"a\""));
    CHECK(names_etag("*", "\"a\""));
    CHECK_FALSE(names_etag("", "\"a\""));
    CHECK_FALSE(names_etag("\"ab\", a", "\"a\""));
}
