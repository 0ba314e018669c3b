#include "backend/converter/orientation.hpp"

#include <array>
#include <utility>

namespace thumbgate {
namespace {

// In the order of EXIF's numbers, from 1.
constexpr std::array<Orientation, 8> kExif{{
    {false, false, false},
    {false, true, false},
    {false, true, true},
    {false, false, true},
    {true, false, false},
    {true, true, false},
    {true, true, true},
    {true, false, true},
}};

// A quarter turn clockwise is a transposition and a mirror; a transposition after mirrors makes them change axes.
void turn(Orientation& orientation) {
    orientation.transposed = !orientation.transposed;
    std::swap(orientation.mirrored_horizontally, orientation.mirrored_vertically);
    orientation.mirrored_horizontally = !orientation.mirrored_horizontally;
}

}  // namespace

Orientation orientation_of(const Look& look, int exif) {
    const bool known = exif >= 1 && exif <= static_cast<int>(kExif.size());
    Orientation orientation = look.auto_rotate && known ? kExif.at(static_cast<std::size_t>(exif - 1)) : Orientation{};
    for (std::uint8_t i = 0; i < look.quarter_turns; ++i) turn(orientation);
    orientation.mirrored_horizontally ^= look.flip_horizontally;
    orientation.mirrored_vertically ^= look.flip_vertically;
    return orientation;
}

Size oriented(Orientation orientation, Size size) {
    if (orientation.transposed) std::swap(size.width, size.height);
    return size;
}

Area stored_area(Orientation orientation, const Area& shown, Size stored) {
    const Size whole = oriented(orientation, stored);
    Area area = shown;
    if (orientation.mirrored_horizontally) area.left = whole.width - shown.left - shown.size.width;
    if (orientation.mirrored_vertically) area.top = whole.height - shown.top - shown.size.height;
    if (!orientation.transposed) return area;
    return {area.top, area.left, oriented(orientation, area.size)};
}

}  // namespace thumbgate
