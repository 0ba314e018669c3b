// Upload a photo, get signed thumbnail URLs, fetch them through nginx, see them come from the cache.
#include "tests/support/catch.hpp"
#include "tests/support/image.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

int expected_height(const Photo& photo, int width) {
    return static_cast<int>(std::lround(static_cast<double>(photo.height) * width / photo.width));
}

}  // namespace

TEST_CASE("a photo that is uploaded comes back in every size, in the format that the client accepts") {
    Stack stack({.thumbgated_flags = {"--interim-max-age", "1s"}});
    CookieJar jar;
    const Photo original = photos::storm();
    const Uploaded photo = stack.upload(original, &jar);
    CHECK(photo.response.status == 201);
    CHECK(photo.width == original.width);
    CHECK(photo.height == original.height);
    CHECK(photo.format == "jpeg");
    CHECK(photo.bytes == static_cast<int64_t>(std::filesystem::file_size(original.path)));
    CHECK_FALSE(jar.empty());
    REQUIRE(photo.thumbnails.size() == 5);

    const Pixels pixels = Pixels::of(original.path);
    for (const auto& [width, url] : photo.thumbnails) {
        for (const auto& [accept, format] : {std::pair{kAcceptsAvif, "avif"}, std::pair{kAcceptsJpeg, "jpeg"}}) {
            INFO(width << " " << format << " " << url);
            const Headers headers{{"Accept", accept}};
            CHECK(stack.get(url, headers).header("x-cache") == "MISS");
            const Response first = stack.get_as(std::string("image/") + format, url, headers);
            REQUIRE(first.status == 200);
            CHECK(first.header("vary") == "Accept");
            const ImageFacts facts = inspect_bytes(first.body);
            CHECK(facts.format == format);
            CHECK(facts.width == width);
            CHECK(std::abs(facts.height - expected_height(original, width)) <= 1);
            CHECK(difference(Pixels::of_bytes(first.body), pixels) < 3);
            const Response second = stack.get_cached(url, headers);
            CHECK(base64url(second.body) == base64url(first.body));
        }
    }
    CHECK(stack.cached_objects() == 10);
}

TEST_CASE("a thumbnail is upright and tells nothing of its maker, whatever the camera wrote") {
    Stack stack;
    CookieJar jar;
    const TempDir dir;
    const Photo original = photos::storm();
    const Photo located = photos::with_gps(original, dir.path());
    for (int orientation = 1; orientation <= 8; ++orientation) {
        INFO("orientation " << orientation);
        const Photo turned = photos::with_orientation(located, orientation, dir.path());
        REQUIRE(inspect(turned.path).has_gps);
        const Uploaded photo = stack.upload(turned, &jar);
        const bool on_its_side = orientation >= 5;
        CHECK(photo.width == (on_its_side ? original.height : original.width));
        const Pixels upright = Pixels::of(turned.path).oriented(orientation);
        for (const std::string format : {"avif", "webp", "jpeg"}) {
            const Response response = stack.get(stack.thumbnail(photo.id, "/w:320/f:" + format));
            REQUIRE(response.header("content-type") == "image/" + format);
            const ImageFacts facts = inspect_bytes(response.body);
            INFO(facts);
            CHECK(facts.width == 320);
            CHECK(facts.orientation == 1);
            CHECK_FALSE(facts.has_metadata());
            CHECK(difference(Pixels::of_bytes(response.body), upright) < 3);
        }
    }
}

TEST_CASE("there is one cache entry a size and format, whatever the option order, the expiry and the key") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::flower());
    const std::string source = "/plain/photo://" + photo.id;
    CHECK(stack.get(signed_url("/rs:fill:200:100/q:70" + source)).header("x-cache") == "MISS");
    stack.get_cached(signed_url("/rs:fill:200:100/q:70" + source));
    CHECK(is_from_cache(stack.get(signed_url("/q:70/h:100/w:200/rt:fill" + source))));
    CHECK(is_from_cache(stack.get(signed_url("/exp:99999999999/s:200:100/rt:fill/g:ce/q:70" + source))));
    CHECK(is_from_cache(stack.get(signed_url("/rs:fill:200:100/q:70/" + base64url("photo://" + photo.id)))));
    CHECK(stack.cached_objects() == 1);
    CHECK(stack.get(signed_url("/rs:fill:200:100/q:70" + source + "@webp")).header("x-cache") == "MISS");
    CHECK(stack.cached_objects() == 2);
}

TEST_CASE("fill, fit and force give the sizes that they promise") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::storm());
    struct Case {
        std::string options;
        int width, height;
    };
    for (const Case& wanted :
         {Case{"/rs:fill:300:300", 300, 300}, Case{"/rs:fit:300:300", 300, 200}, Case{"/rs:force:300:300", 300, 300},
          Case{"/w:300/dpr:2", 600, 400}, Case{"/w:5000", 1920, 1280}, Case{"/h:100", 150, 100},
          Case{"/rs:fill:200:400/g:sm", 200, 400}}) {
        INFO(wanted.options);
        const ImageFacts facts = inspect_bytes(stack.get(stack.thumbnail(photo.id, wanted.options + "/f:png")).body);
        CHECK(facts.format == "png");
        CHECK(facts.width == wanted.width);
        CHECK(facts.height == wanted.height);
    }
}

TEST_CASE("a picture with alpha keeps it, as PNG where the client takes no more") {
    Stack stack;
    const TempDir dir;
    const Uploaded photo = stack.upload(photos::with_alpha(photos::meadow(), dir.path()));
    const Response base = stack.get(photo.thumbnails.at(160), {{"Accept", kAcceptsJpeg}});
    CHECK(base.header("content-type") == "image/png");
    CHECK(inspect_bytes(base.body).has_alpha);
    CHECK(inspect_bytes(stack.get(photo.thumbnails.at(160), {{"Accept", kAcceptsWebp}}).body).has_alpha);
    CHECK_FALSE(inspect_bytes(stack.get(stack.thumbnail(photo.id, "/w:160/f:jpg")).body).has_alpha);
}

TEST_CASE("a thumbnail can be asked for again by its ETag, in parts, and by HEAD") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::flower());
    const std::string& url = photo.thumbnails.at(320);
    const Response whole = stack.get(url);
    REQUIRE(whole.headers.has("etag"));
    const Response unchanged = stack.get(url, {{"If-None-Match", whole.header("etag")}});
    CHECK(unchanged.status == 304);
    CHECK(unchanged.body.empty());
    const Response part = stack.get(url, {{"Range", "bytes=10-19"}});
    CHECK(part.status == 206);
    CHECK(base64url(part.body) == base64url(whole.body.substr(10, 10)));
    const Response head = stack.send({.url = url, .method = "HEAD"});
    CHECK(head.status == 200);
    CHECK(head.header("content-length") == std::to_string(whole.body.size()));
}

TEST_CASE("a link that is altered, old or not understood is refused by its reason") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::flower());
    const std::string good = stack.thumbnail(photo.id, "/w:320");
    REQUIRE(stack.get(good).status == 200);
    for (const size_t at : {size_t{4}, good.find("w:320") + 2, good.size() - 1}) {
        std::string bad = good;
        bad[at] = bad[at] == '7' ? '6' : '7';
        CHECK(stack.get(bad).status == 403);
    }
    CHECK(stack.get(stack.thumbnail(photo.id, "/exp:1000000000/w:320")).status == 410);
    const Response unknown = stack.get(stack.thumbnail(photo.id, "/wdth:320"));
    CHECK(unknown.status == 400);
    CHECK_THAT(unknown.body, contains("wdth"));
    const Response absent = stack.get(stack.thumbnail("aaaaaaaaaaaaaaaaaaaaaaaaaa", "/w:320"));
    CHECK(absent.status == 404);
    CHECK(absent.header("content-type") == "application/problem+json");
    CHECK(absent.header("cache-control") == "no-store");
}
