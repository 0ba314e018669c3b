#include "backend/converter/geometry.hpp"

#include <random>

#include "contract/canonical.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/print_size.hpp"

using namespace thumbgate;

namespace {

constexpr Size kLandscape{3000, 2000};
constexpr Size kSmall{300, 200};

Options sized(ResizingType type, std::uint32_t width, std::uint32_t height) {
    Options options;
    options.resizing_type = type;
    options.width = width;
    options.height = height;
    return options;
}

Options fit(std::uint32_t width, std::uint32_t height) {
    return sized(ResizingType::fit, width, height);
}
Options fill(std::uint32_t width, std::uint32_t height) {
    return sized(ResizingType::fill, width, height);
}
Options force(std::uint32_t width, std::uint32_t height) {
    return sized(ResizingType::force, width, height);
}

Options enlarged(Options options) {
    options.enlarge = true;
    return options;
}
Options at_dpr(Options options, std::uint32_t thousandths) {
    options.dpr = thousandths;
    return options;
}
Options towards(Options options, Gravity gravity) {
    options.gravity = gravity;
    return options;
}

Size result(const Options& options, Size source) {
    return make_plan(options, source).result;
}

}  // namespace

TEST_CASE("Fit shows the whole picture inside the box") {
    CHECK(result(fit(300, 300), kLandscape) == Size{300, 200});
    CHECK(result(fit(300, 100), kLandscape) == Size{150, 100});
    CHECK(result(fit(3000, 2000), kLandscape) == kLandscape);
    CHECK_FALSE(make_plan(fit(300, 300), kLandscape).crops());
}

TEST_CASE("A side that is left out follows from the other, whatever the resizing type") {
    for (const auto type : {ResizingType::fit, ResizingType::fill, ResizingType::force}) {
        CHECK(result(sized(type, 300, 0), kLandscape) == Size{300, 200});
        CHECK(result(sized(type, 0, 300), kLandscape) == Size{450, 300});
    }
}

TEST_CASE("Fill covers the box and crops the rest") {
    const Plan plan = make_plan(fill(300, 300), kLandscape);
    CHECK(plan.scaled == Size{450, 300});
    CHECK(plan.result == Size{300, 300});
    CHECK(plan.left == 75);
    CHECK(plan.top == 0);
}

TEST_CASE("Force takes the box and gives up the aspect ratio") {
    CHECK(result(force(300, 300), kLandscape) == Size{300, 300});
}

TEST_CASE("Without enlarge nothing is scaled up") {
    CHECK(result(fit(600, 600), kSmall) == kSmall);
    CHECK(result(fit(600, 0), kSmall) == kSmall);
    CHECK(result(fill(600, 100), kSmall) == Size{300, 100});
    CHECK(result(fill(600, 600), kSmall) == kSmall);
    CHECK(result(force(600, 100), kSmall) == Size{300, 50});
    CHECK(result(force(600, 800), kSmall) == Size{150, 200});
}

TEST_CASE("With enlarge the box is reached") {
    CHECK(result(enlarged(fit(600, 600)), kSmall) == Size{600, 400});
    CHECK(result(enlarged(fit(0, 600)), kSmall) == Size{900, 600});
    CHECK(result(enlarged(fill(600, 600)), kSmall) == Size{600, 600});
    CHECK(result(enlarged(force(600, 800)), kSmall) == Size{600, 800});
}

TEST_CASE("A dpr multiplies the box") {
    CHECK(result(at_dpr(fit(300, 300), 2000), kLandscape) == Size{600, 400});
    CHECK(result(at_dpr(fit(300, 300), 500), kLandscape) == Size{150, 100});
    CHECK(result(at_dpr(force(300, 300), 1500), kLandscape) == Size{450, 450});
    CHECK(result(at_dpr(fit(333, 0), 1500), kLandscape) == Size{500, 333});
    CHECK(result(at_dpr(enlarged(fill(200, 200)), 2000), kSmall) == Size{400, 400});
}

TEST_CASE("Fill without enlarge shows the same part at every dpr") {
    CHECK(result(at_dpr(fill(300, 150), 2000), kLandscape) == Size{600, 300});
    // The source is 3 times as wide as the box, and gives no more.
    CHECK(result(at_dpr(fill(1000, 500), 4000), kLandscape) == Size{3000, 1500});
    // A box wider than the source: what dpr 1 shows, 300 x 100, at half the density.
    CHECK(result(at_dpr(fill(600, 100), 500), kSmall) == Size{300, 100});
    CHECK(result(at_dpr(fill(400, 100), 500), kSmall) == Size{200, 67});
}

TEST_CASE("A dpr alone scales down, and up where enlarging is allowed") {
    CHECK(result(at_dpr({}, 500), kLandscape) == Size{1500, 1000});
    CHECK(result(at_dpr({}, 2000), kLandscape) == kLandscape);
    CHECK(result(at_dpr(enlarged({}), 2000), kSmall) == Size{600, 400});
}

TEST_CASE("The gravity says which part a fill keeps") {
    const auto left = [](Gravity gravity) { return make_plan(towards(fill(300, 300), gravity), kLandscape).left; };
    CHECK(left(Gravity::west) == 0);
    CHECK(left(Gravity::north) == 75);
    CHECK(left(Gravity::south_east) == 150);
    const auto top = [](Gravity gravity) { return make_plan(towards(fill(300, 100), gravity), kLandscape).top; };
    CHECK(top(Gravity::north_west) == 0);
    CHECK(top(Gravity::east) == 50);
    CHECK(top(Gravity::south) == 100);
}

TEST_CASE("A smart crop leaves the place to the picture, where there is something to crop") {
    CHECK(make_plan(towards(fill(300, 300), Gravity::smart), kLandscape).crop_by_content);
    CHECK_FALSE(make_plan(towards(fill(300, 200), Gravity::smart), kLandscape).crop_by_content);
}

TEST_CASE("A result has at least one pixel, and rounds to the nearest") {
    CHECK(result(fit(10, 0), {1'000'000, 10}) == Size{10, 1});
    CHECK(result(fit(2, 0), {4, 3}) == Size{2, 2});
    CHECK(result(at_dpr({}, 1), {10, 10}) == Size{1, 1});
}

TEST_CASE("The extremes of options and sources stay exact") {
    constexpr std::uint64_t kLongest = 10'000'000;
    CHECK(result(enlarged(fill(65535, 65535)), {1, kLongest}) == Size{65535, 65535});
    CHECK(make_plan(enlarged(fill(65535, 1)), {1, kLongest}).scaled.height == kLongest * 65535);
    CHECK(result(at_dpr(fill(65535, 65535), 10000), {kLongest, kLongest}) == Size{655350, 655350});
    CHECK(result(at_dpr(fit(65535, 0), 10000), {kLongest, kLongest}) == Size{65535, 65535});
}

TEST_CASE("A link and its reduced form have one plan for every source") {
    std::mt19937 random(20240501);
    const auto pick = [&](auto... values) {
        const std::array choices{static_cast<std::uint32_t>(values)...};
        return choices.at(random() % choices.size());
    };
    for (int i = 0; i < 50'000; ++i) {
        ThumbLink link;
        link.options.resizing_type = static_cast<ResizingType>(pick(0, 1, 2));
        link.options.gravity = static_cast<Gravity>(random() % 10);
        link.options.width = pick(0, 1, 2, 299, 300, 301, 640, 65535);
        link.options.height = pick(0, 1, 3, 200, 201, 480, 65535);
        link.options.dpr = pick(1, 333, 500, 999, 1000, 1001, 1500, 2000, 10000);
        link.options.enlarge = pick(0, 1) == 1;
        const Size source{1 + random() % pick(4, 400, 4000, 100'000), 1 + random() % pick(4, 400, 4000, 100'000)};
        const Options reduced = reduce(link, {}).options;
        INFO(canonical_path(link) << " of " << source);
        REQUIRE(make_plan(link.options, source) == make_plan(reduced, source));
    }
}
