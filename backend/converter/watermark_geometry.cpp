#include "backend/converter/watermark_geometry.hpp"

#include <algorithm>

#include "contract/gravity.hpp"

namespace thumbgate {
namespace {

std::int64_t as_signed(std::uint64_t pixels) {
    return static_cast<std::int64_t>(pixels);
}

std::int64_t along(std::uint64_t result, std::uint64_t picture, int pull, std::int64_t offset) {
    const std::int64_t spare = as_signed(result) - as_signed(picture);
    std::int64_t start = spare / 2 + offset;
    if (pull != 0) start = pull < 0 ? offset : spare - offset;
    return std::clamp<std::int64_t>(start, 1 - as_signed(picture), as_signed(result) - 1);
}

std::uint64_t room(std::int32_t offset, std::uint64_t side, Ratio density) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(pixels_of(offset, side, density), 0));
}

}  // namespace

std::optional<Size> watermark_box(const Watermark& mark, Size result) {
    if (mark.scale == 0) return std::nullopt;
    const Ratio scale{mark.scale, kPlaceUnit};
    const auto side = [&](std::uint64_t pixels) { return std::max<std::uint64_t>(scale.times(pixels), 1); };
    return Size{side(result.width), side(result.height)};
}

Spot watermark_spot(const Watermark& mark, Size result, Size picture, Ratio density) {
    const Pull pull = pull_of(mark.place.gravity);
    return {along(result.width, picture.width, pull.across, pixels_of(mark.place.x, result.width, density)),
            along(result.height, picture.height, pull.down, pixels_of(mark.place.y, result.height, density))};
}

Tile watermark_tile(const Watermark& mark, Size result, Size picture, Ratio density) {
    const std::uint64_t across = room(mark.place.x, result.width, density);
    const std::uint64_t down = room(mark.place.y, result.height, density);
    const Size size{picture.width + across, picture.height + down};
    const auto middle = [](std::uint64_t whole, std::uint64_t tile) {
        return (as_signed(whole) - as_signed(tile)) / 2;
    };
    return {size,
            {as_signed(across / 2), as_signed(down / 2)},
            {middle(result.width, size.width), middle(result.height, size.height)}};
}

}  // namespace thumbgate
