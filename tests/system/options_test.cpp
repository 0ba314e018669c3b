// imgproxy's further options, through the edge, the backend and a converter in its sandbox.
#include <cmath>

#include "tests/support/catch.hpp"
#include "tests/support/image.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

constexpr double kSamePicture = 3;  // see difference()

// The colour of the square of 4 pixels a side whose left top corner is there.
Rgb colour_at(const Pixels& pixels, double x, double y) {
    return pixels.mean(x / pixels.width(), y / pixels.height(), (x + 4) / pixels.width(), (y + 4) / pixels.height());
}

bool is_orange(const Rgb& colour) {
    return std::abs(colour[0] - 255) < 1 && std::abs(colour[1] - 136) < 1 && colour[2] < 1;
}

}  // namespace

TEST_CASE("crops, turns, focus points, blurs, paddings and fills of small pictures come as the link says") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::storm());
    const Pixels whole = Pixels::of(photos::storm().path);  // 1920 × 1280
    const auto bytes = [&](const std::string& options) {
        const Response response = stack.get(stack.thumbnail(photo.id, options + "/f:png"));
        INFO(options << ": " << response.body.substr(0, 300));
        REQUIRE(response.status == 200);
        REQUIRE(response.header("content-type") == "image/png");
        return response.body;
    };
    struct Case {
        std::string options;
        int width, height;
        Pixels expected;
    };
    for (const Case& wanted :
         {Case{"/c:960:640:nowe:480:320/w:400", 400, 267, whole.cropped(.25, .25, .75, .75)},
          Case{"/rot:90/w:200", 200, 300, whole.oriented(6)},
          Case{"/rs:fill:320:640/g:fp:0.25:0.5", 320, 640, whole.cropped(80 / 960., 0, 400 / 960., 1)},
          Case{"/rs:fill-down:3000:3000", 1280, 1280, whole.cropped(1 / 6., 0, 5 / 6., 1)}}) {
        INFO(wanted.options);
        const Pixels pixels = Pixels::of_bytes(bytes(wanted.options));
        CHECK(pixels.width() == wanted.width);
        CHECK(pixels.height() == wanted.height);
        CHECK(difference(pixels, wanted.expected) < kSamePicture);
    }
    // What is blurred compresses well.
    CHECK(bytes("/w:300/bl:8").size() < bytes("/w:300").size() * 2 / 3);
    const Pixels padded = Pixels::of_bytes(bytes("/w:300/pd:10:20:30:40/bg:f80"));
    REQUIRE(padded.width() == 360);
    REQUIRE(padded.height() == 240);
    CHECK(difference(padded.cropped(40 / 360., 10 / 240., 340 / 360., 210 / 240.), whole) < kSamePicture);
    for (const auto& [x, y] : {std::pair(36, 100), std::pair(340, 100), std::pair(100, 6), std::pair(100, 210)}) {
        CHECK(is_orange(colour_at(padded, x, y)));
    }
    CHECK(stack.backend_metric("thumbgate_backend_conversions_total", {{"format", "png"}, {"result", "ok"}}) == 7);
}

TEST_CASE("spellings of further options share a cache entry, and a result of too many pixels is refused by name") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::flower());
    stack.get_cached(stack.thumbnail(photo.id, "/w:200/pd:8/bg:f80/rot:90/f:webp"));
    CHECK(is_from_cache(
        stack.get(stack.thumbnail(photo.id, "/rotate:450/background:255:136:0/padding:8:8:8:8/width:200/f:webp"))));
    CHECK(stack.cached_objects() == 1);
    const Response refused = stack.get(stack.thumbnail(photo.id, "/w:100/pd:65535"));
    CHECK(refused.status == 422);
    CHECK_THAT(refused.body, contains("urn:thumbgate:problem:result_too_many_pixels"));
    CHECK(stack.get(stack.thumbnail(photo.id, "/w:100/bl:101")).status == 400);
}
