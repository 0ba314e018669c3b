// Where the pixels of a result come from: which part of the source is used, which size that is scaled to, which part of
// it is kept, and where in the result it lies. Integer arithmetic on the look and the source's size alone, so that a
// plan is the same on every machine and two links that reduce() to one conversion get one plan. Pure; thread-safe.
#pragma once

#include <cstdint>

#include "backend/converter/ratio.hpp"
#include "contract/look.hpp"

namespace thumbgate {

// In pixels. 64 bits, since enlarging a very long picture can ask for more than any format holds; the caller limits.
struct Size {
    std::uint64_t width = 0;
    std::uint64_t height = 0;

    bool operator==(const Size&) const = default;
};

struct Area {
    std::uint64_t left = 0;
    std::uint64_t top = 0;
    Size size;

    bool operator==(const Area&) const = default;
};

struct Plan {
    Area used;                     // of the source, as it is shown
    Size scaled;                   // of all that is used; at least 1 × 1
    Size result;                   // what is kept of it: at most `scaled`
    bool crop_by_content = false;  // the pixels decide where in `scaled` the result lies; left and top are 0
    std::uint64_t left = 0;        // of the result in `scaled`
    std::uint64_t top = 0;
    Size canvas;                    // what comes out: at least `result`, the rest is background
    std::uint64_t canvas_left = 0;  // of the result in `canvas`
    std::uint64_t canvas_top = 0;
    Ratio density;  // pixels of the result that one of dpr 1 comes to

    bool crops() const { return result != scaled; }
    bool extends() const { return canvas != result; }
    bool operator==(const Plan&) const = default;
};

// What each resizing type does with a box of width × height, both multiplied by zoom and dpr:
// - fit: the whole picture, as large as the box holds it
// - fill: as much of it as has the box's aspect ratio; the rest is cropped as the gravity says
// - fill-down: a fill that has the box's aspect ratio also where the source is smaller than the box
// - force: the whole picture, distorted to the box
// - automatic: fill where source and box are both landscape (or square) or both portrait, else fit
// A side of 0 follows from the other and the source's aspect ratio, whatever the type; without both, only zoom and dpr
// scale. Without `enlarge` nothing is scaled up: fit then keeps the source's size, force the box's aspect ratio. Fill
// keeps the part that dpr 1 shows, at the highest density up to dpr that the source has. That density multiplies
// paddings and offsets in pixels.
// Zooms that differ distort what the type made. A minimum scales up until it is reached, whatever `enlarge` says; what
// is then larger than the box is cropped to it.
//
// `source`: as it is shown, turned and mirrored; at least 1 × 1 and at most 10,000,000 a side.
Plan make_plan(const Look& look, Size source);

// What an anchor's offset comes to along a side: to the nearest pixel.
std::int64_t pixels_of(std::int32_t offset, std::uint64_t side, Ratio density);

}  // namespace thumbgate
