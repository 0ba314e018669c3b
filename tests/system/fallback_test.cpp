// The operator's picture in place of a photo that cannot be shown, through the edge.
#include "tests/support/catch.hpp"
#include "tests/support/image.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

constexpr double kSamePicture = 3;  // see difference()

StackOptions with_fallback(const std::string& status) {
    return {.thumbgated_flags = {"--fallback-image", photos::flower().path.string(), "--fallback-status", status,
                                 "--fallback-max-age", "7s"}};
}

}  // namespace

TEST_CASE("a photo that is not there is shown as the fallback picture, as the link asks, and kept for a moment") {
    const Stack stack(with_fallback("200"));
    const Response shown = stack.get(stack.thumbnail("nobody", "/w:200/f:webp"));
    INFO(shown.status << " " << shown.body.substr(0, 300));
    REQUIRE(shown.status == 200);
    CHECK(shown.header("content-type") == "image/webp");
    CHECK_THAT(shown.header("cache-control"), contains("max-age=7"));
    const Pixels pixels = Pixels::of_bytes(shown.body);
    CHECK(pixels.width() == 200);
    CHECK(difference(pixels, Pixels::of(photos::flower().path)) < kSamePicture);
    CHECK(stack.backend_metric("thumbgate_backend_fallbacks_total") == 1);
    // What is wrong with the link is said.
    CHECK(stack.get("/t/wrong/w:200/f:webp/plain/photo://nobody").status == 403);
    CHECK(stack.get(stack.thumbnail("nobody", "/exp:1/w:200/f:webp")).status == 410);
}

TEST_CASE("a fallback with the status of an error is a picture that no browser keeps") {
    const Stack stack(with_fallback("404"));
    const Response shown = stack.get(stack.thumbnail("nobody", "/w:200/f:png"));
    INFO(shown.status << " " << shown.body.substr(0, 300));
    REQUIRE(shown.status == 404);
    CHECK(shown.header("content-type") == "image/png");
    CHECK(shown.header("cache-control") == "no-store");
    CHECK(Pixels::of_bytes(shown.body).width() == 200);
}
