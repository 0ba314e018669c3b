// Where the pixels come from with the options beyond a size, a type and a gravity: worked out by hand.
#include "backend/converter/geometry.hpp"
#include "backend/converter/ratio.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/print_size.hpp"

using namespace thumbgate;

namespace {

constexpr Size kLandscape{3000, 2000};
constexpr Size kPortrait{2000, 3000};
constexpr Size kSmall{300, 200};

Look sized(ResizingType type, std::uint32_t width, std::uint32_t height) {
    Look look;
    look.resizing_type = type;
    look.width = width;
    look.height = height;
    return look;
}

Look fill(std::uint32_t width, std::uint32_t height, Anchor gravity = {}) {
    Look look = sized(ResizingType::fill, width, height);
    look.gravity = gravity;
    return look;
}

Look cropped(std::uint32_t width, std::uint32_t height, Anchor gravity = {}) {
    Look look;
    look.crop_width = width;
    look.crop_height = height;
    look.crop_gravity = gravity;
    look.has_crop_gravity = true;
    return look;
}

Look extended(Look look, Anchor gravity = {}) {
    look.extend = true;
    look.extend_gravity = gravity;
    return look;
}

Size result(const Look& look, Size source) {
    return make_plan(look, source).result;
}

std::int32_t pixels(int count) {
    return count * kPlaceUnit;
}

}  // namespace

TEST_CASE("Fill-down is a fill that keeps the box's aspect ratio where the source is smaller") {
    const Look look = sized(ResizingType::fill_down, 600, 600);
    CHECK(result(look, kLandscape) == Size{600, 600});
    CHECK(result(look, kSmall) == Size{200, 200});
    CHECK(result(sized(ResizingType::fill_down, 600, 100), kSmall) == Size{300, 50});
    CHECK(make_plan(look, kSmall).left == 50);
}

TEST_CASE("Automatic fills a box of the source's orientation, and fits into any other") {
    const Look wide = sized(ResizingType::automatic, 300, 100);
    CHECK(result(wide, kLandscape) == Size{300, 100});
    CHECK(result(wide, kPortrait) == Size{67, 100});
    const Look high = sized(ResizingType::automatic, 100, 300);
    CHECK(result(high, kLandscape) == Size{100, 67});
    CHECK(result(high, kPortrait) == Size{100, 300});
    CHECK(result(sized(ResizingType::automatic, 100, 100), kLandscape) == Size{100, 100});
}

TEST_CASE("A minimum is reached by enlarging, and what is then too large is cropped") {
    Look look = sized(ResizingType::fit, 300, 300);
    look.min_height = 300;
    CHECK(make_plan(look, kLandscape).scaled == Size{450, 300});
    CHECK(result(look, kLandscape) == Size{300, 300});
    Look alone;
    alone.min_width = 600;
    CHECK(result(alone, kSmall) == Size{600, 400});
    CHECK(result(alone, kLandscape) == kLandscape);
}

TEST_CASE("A zoom multiplies the size, each side by its own factor") {
    Look look = sized(ResizingType::fit, 300, 300);
    look.zoom_x = look.zoom_y = 500;
    CHECK(result(look, kLandscape) == Size{150, 100});
    look.zoom_x = 1000;
    CHECK(result(look, kLandscape) == Size{300, 100});
    Look alone;
    alone.zoom_x = 500;
    CHECK(result(alone, kSmall) == Size{150, 200});
    alone.zoom_x = alone.zoom_y = 2000;
    CHECK(result(alone, kSmall) == kSmall);
    alone.enlarge = true;
    CHECK(result(alone, kSmall) == Size{600, 400});
}

TEST_CASE("An offset moves away from the edge that the gravity names, and not out of the picture") {
    const auto left = [](Anchor gravity) { return make_plan(fill(300, 300, gravity), kLandscape).left; };
    CHECK(left({Gravity::west, pixels(10), 0}) == 10);
    CHECK(left({Gravity::east, pixels(10), 0}) == 140);
    CHECK(left({Gravity::center, pixels(10), 0}) == 85);
    CHECK(left({Gravity::center, pixels(-10), 0}) == 65);
    CHECK(left({Gravity::center, pixels(500), 0}) == 150);
    CHECK(left({Gravity::west, pixels(-10), 0}) == 0);
    CHECK(left({Gravity::west, kPlaceUnit / 10, 0}) == 45);
    CHECK(left({Gravity::north, 0, pixels(10)}) == 75);
}

TEST_CASE("A dpr multiplies an offset in pixels, and not a fraction") {
    const auto left = [](std::int32_t offset) {
        Look look = fill(300, 300, {Gravity::west, offset, 0});
        look.dpr = 2000;
        return make_plan(look, kLandscape).left;
    };
    CHECK(left(pixels(10)) == 20);
    CHECK(left(kPlaceUnit / 10) == 90);
}

TEST_CASE("A focus point is the middle of what is kept, as far as the picture goes") {
    const auto left = [](std::int32_t x) {
        return make_plan(fill(300, 300, {Gravity::focus_point, x, 5000}), kLandscape).left;
    };
    CHECK(left(0) == 0);
    CHECK(left(5000) == 75);
    CHECK(left(4000) == 30);
    CHECK(left(10000) == 150);
}

TEST_CASE("A crop takes its part of the source before anything is scaled") {
    Look look = cropped(static_cast<std::uint32_t>(pixels(1000)), 5000, {Gravity::north_east, pixels(100), 0});
    look.width = 200;
    const Plan plan = make_plan(look, kLandscape);
    CHECK(plan.used == Area{1900, 0, {1000, 1000}});
    CHECK(plan.result == Size{200, 200});
    CHECK(make_plan(cropped(static_cast<std::uint32_t>(pixels(5000)), 0), kLandscape).used.size == kLandscape);
    CHECK(make_plan(cropped(1, 1), kSmall).used.size == Size{1, 1});
}

TEST_CASE("A crop is placed as the picture's gravity says where it has none of its own") {
    Look look = cropped(static_cast<std::uint32_t>(pixels(100)), static_cast<std::uint32_t>(pixels(100)));
    look.has_crop_gravity = false;
    look.gravity = Gravity::south_east;
    CHECK(make_plan(look, kSmall).used == Area{200, 100, {100, 100}});
}

TEST_CASE("An extension has the size that was asked for, and the picture lies in it as its gravity says") {
    const Plan plan = make_plan(extended(sized(ResizingType::fit, 300, 300)), kLandscape);
    CHECK(plan.result == Size{300, 200});
    CHECK(plan.canvas == Size{300, 300});
    CHECK(plan.canvas_top == 50);
    CHECK(plan.extends());
    const Look south = extended(sized(ResizingType::fit, 300, 300), {Gravity::south, 0, pixels(20)});
    CHECK(make_plan(south, kLandscape).canvas_top == 80);
    CHECK(make_plan(extended(sized(ResizingType::fit, 600, 0)), kSmall).canvas == Size{600, 200});
    CHECK_FALSE(make_plan(extended({}), kSmall).extends());
}

TEST_CASE("An extension of the aspect ratio adds no more than that takes") {
    Look look = sized(ResizingType::fit, 600, 600);
    look.extend_aspect_ratio = true;
    CHECK(make_plan(look, kSmall).canvas == Size{300, 300});
    CHECK(make_plan(look, kPortrait).canvas == Size{600, 600});
}

TEST_CASE("Paddings come on top, multiplied by dpr as far as the source has pixels for it") {
    Look look = sized(ResizingType::fit, 100, 100);
    look.padding = {.top = 1, .right = 2, .bottom = 3, .left = 4};
    const Plan plan = make_plan(look, kLandscape);
    CHECK(plan.canvas == Size{106, 71});
    CHECK(plan.canvas_left == 4);
    CHECK(plan.canvas_top == 1);
    look.dpr = 2000;
    CHECK(make_plan(look, kLandscape).canvas == Size{212, 141});
    look.width = look.height = 2000;
    look.dpr = 10000;
    CHECK(make_plan(look, kLandscape).canvas == Size{3009, 2007});
}

TEST_CASE("The extremes of all options together stay within what can be computed") {
    Look look = extended(fill(65535, 65535, {Gravity::south_east, pixels(65535), pixels(-65535)}));
    look.dpr = look.zoom_x = 10000;
    look.zoom_y = 1;
    look.min_width = look.min_height = 65535;
    look.padding = {65535, 65535, 65535, 65535};
    look.crop_width = 1;
    for (const bool enlarge : {false, true}) {
        look.enlarge = enlarge;
        for (const Size source : {Size{1, 1}, Size{1, 10'000'000}, Size{10'000'000, 1}, Size{10'000'000, 10'000'000}}) {
            const Plan plan = make_plan(look, source);
            INFO(source << " to " << plan.scaled << ", " << plan.canvas);
            CHECK(plan.scaled.width >= plan.left + plan.result.width);
            CHECK(plan.scaled.height >= plan.top + plan.result.height);
            CHECK(plan.canvas.width >= plan.canvas_left + plan.result.width);
            CHECK(plan.canvas.height >= plan.canvas_top + plan.result.height);
            CHECK(plan.scaled.width <= std::uint64_t{1} << 48);
        }
    }
}

TEST_CASE("A product of ratios is exact while it can be, and close where it cannot") {
    const Ratio third = Ratio{1, 3} * Ratio{3, 1};
    CHECK_FALSE(third < (Ratio{1, 1}));
    CHECK_FALSE((Ratio{1, 1}) < third);
    const Ratio large{(1ULL << 40) - 1, 1ULL << 30};
    const Ratio product = large * large * large.inverse();
    CHECK(product.times(1'000'000) == large.times(1'000'000));
}
