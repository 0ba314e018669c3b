// How the stored pixels of a picture are turned and mirrored to be shown: EXIF's orientation, and what a link asks for
// after it. Any chain of turns and mirrors is one transposition or none, and then one mirror at either axis or none.
// Pure; thread-safe.
#pragma once

#include "backend/converter/geometry.hpp"

namespace thumbgate {

struct Orientation {
    bool transposed = false;             // at the diagonal from top left to bottom right, before anything else
    bool mirrored_horizontally = false;  // left and right change places
    bool mirrored_vertically = false;

    bool operator==(const Orientation&) const = default;
};

// `exif`: 1 to 8; anything else counts as 1.
Orientation orientation_of(const Look& look, int exif);

// What a picture of this size becomes, or is made from.
Size oriented(Orientation orientation, Size size);

// Which stored pixels an area of the shown picture consists of. `stored`: the size of all of them.
Area stored_area(Orientation orientation, const Area& shown, Size stored);

}  // namespace thumbgate
