// Where the pixels of a result come from: which size the whole source is scaled to, and which part of that is kept.
// Exact integer arithmetic on the options and the source's size alone, so that a plan is the same on every machine and
// two links that reduce() to one conversion get one plan. Pure; thread-safe.
#pragma once

#include <cstdint>

#include "contract/options.hpp"

namespace thumbgate {

// In pixels. 64 bits, since enlarging a very long picture can ask for more than any format holds; the caller limits.
struct Size {
    std::uint64_t width = 0;
    std::uint64_t height = 0;

    bool operator==(const Size&) const = default;
};

struct Plan {
    Size scaled;                   // of the whole source; at least 1 × 1
    Size result;                   // at most `scaled`
    bool crop_by_content = false;  // the pixels decide where in `scaled` the result lies; left and top are 0
    std::uint64_t left = 0;        // of the result in `scaled`
    std::uint64_t top = 0;

    bool crops() const { return result != scaled; }
    bool operator==(const Plan&) const = default;
};

// What each resizing type does with a box of width × height, both multiplied by dpr:
// - fit: the whole picture, as large as the box holds it
// - fill: as much of it as has the box's aspect ratio; the rest is cropped as the gravity says
// - force: the whole picture, distorted to the box
// A side of 0 follows from the other and the source's aspect ratio, whatever the type; without both, only dpr scales.
// Without `enlarge` nothing is scaled up: fit then keeps the source's size, force the box's aspect ratio. Fill keeps
// the part that dpr 1 shows, at the highest density up to dpr that the source has.
//
// `source`: as it is shown, with its orientation applied; at least 1 × 1 and at most 10,000,000 a side.
Plan make_plan(const Options& options, Size source);

}  // namespace thumbgate
