// Where a watermark lies, and how large it is, as imgproxy documents it.
#include "backend/converter/watermark_geometry.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/print_size.hpp"

using namespace thumbgate;

namespace {

constexpr Ratio kOne{1, 1};
constexpr Ratio kTwo{2, 1};
constexpr Size kResult{300, 200};
constexpr Size kPicture{60, 40};
constexpr std::int32_t kPixel = kPlaceUnit;

Watermark placed(Gravity gravity, std::int32_t x = 0, std::int32_t y = 0) {
    return {.opacity = kDprUnit, .place = {gravity, x, y}};
}

Spot spot(const Watermark& mark, Size picture = kPicture, Ratio density = kOne) {
    return watermark_spot(mark, kResult, picture, density);
}

Watermark tiled(std::int32_t x, std::int32_t y) {
    return {.opacity = kDprUnit, .place = {Gravity::center, x, y}, .is_tiled = true};
}

}  // namespace

TEST_CASE("a watermark lies in the middle, at an edge or in a corner") {
    CHECK(spot(placed(Gravity::center)) == Spot{120, 80});
    CHECK(spot(placed(Gravity::north)) == Spot{120, 0});
    CHECK(spot(placed(Gravity::south)) == Spot{120, 160});
    CHECK(spot(placed(Gravity::east)) == Spot{240, 80});
    CHECK(spot(placed(Gravity::west)) == Spot{0, 80});
    CHECK(spot(placed(Gravity::north_east)) == Spot{240, 0});
    CHECK(spot(placed(Gravity::north_west)) == Spot{0, 0});
    CHECK(spot(placed(Gravity::south_east)) == Spot{240, 160});
    CHECK(spot(placed(Gravity::south_west)) == Spot{0, 160});
    CHECK(spot(placed(Gravity::center), {61, 41}) == Spot{119, 79});
}

TEST_CASE("offsets count away from the edge, in pixels from one on and below that in parts of the result") {
    CHECK(spot(placed(Gravity::north_west, 10 * kPixel, 5 * kPixel)) == Spot{10, 5});
    CHECK(spot(placed(Gravity::south_east, 10 * kPixel, 5 * kPixel)) == Spot{230, 155});
    CHECK(spot(placed(Gravity::center, 10 * kPixel, -5 * kPixel)) == Spot{130, 75});
    CHECK(spot(placed(Gravity::south_west, kPixel / 10, kPixel / 4)) == Spot{30, 110});
    CHECK(spot(placed(Gravity::north_west, 10 * kPixel, kPixel / 4), kPicture, kTwo) == Spot{20, 50});
}

TEST_CASE("a watermark may lie beyond an edge, but a row and a column of it stay") {
    CHECK(spot(placed(Gravity::north_east, -20 * kPixel, -10 * kPixel)) == Spot{260, -10});
    CHECK(spot(placed(Gravity::north_west, -500 * kPixel, 500 * kPixel)) == Spot{-59, 199});
    CHECK(spot(placed(Gravity::center), {401, 300}) == Spot{-50, -50});
    CHECK(spot(placed(Gravity::south_east), {400, 300}) == Spot{-100, -100});
}

TEST_CASE("a scale is of the result's sides, and without one a watermark keeps its size") {
    Watermark mark;
    CHECK_FALSE(watermark_box(mark, kResult));
    mark.scale = kPlaceUnit / 2;
    CHECK(watermark_box(mark, kResult) == Size{150, 100});
    mark.scale = 1;
    CHECK(watermark_box(mark, kResult) == Size{1, 1});
    mark.scale = 2 * kPlaceUnit;
    CHECK(watermark_box(mark, kResult) == Size{600, 400});
}

TEST_CASE("tiles go out from the middle, with room around each") {
    CHECK(watermark_tile(tiled(0, 0), kResult, kPicture, kOne) == Tile{kPicture, {0, 0}, {120, 80}});
    CHECK(watermark_tile(tiled(11 * kPixel, 0), kResult, kPicture, kOne) == Tile{{71, 40}, {5, 0}, {114, 80}});
    CHECK(watermark_tile(tiled(10 * kPixel, kPixel / 4), kResult, kPicture, kTwo) ==
          Tile{{80, 90}, {10, 25}, {110, 55}});
    CHECK(watermark_tile(tiled(-10 * kPixel, -1), kResult, kPicture, kOne) == Tile{kPicture, {0, 0}, {120, 80}});
}
