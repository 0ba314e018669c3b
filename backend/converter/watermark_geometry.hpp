// Where a watermark comes to lie on a result, and how large it is made for that. Integer arithmetic, the same on every
// machine. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "backend/converter/geometry.hpp"
#include "contract/look.hpp"

namespace thumbgate {

// Of a top left corner, in pixels of the result; it may lie beyond an edge.
struct Spot {
    std::int64_t left = 0;
    std::int64_t top = 0;

    bool operator==(const Spot&) const = default;
};

// The box that it is scaled to fit into, enlarged if need be; nullopt: it keeps its own size.
std::optional<Size> watermark_box(const Watermark& mark, Size result);

// Of one that is not tiled. At least a row and a column of it stay visible.
Spot watermark_spot(const Watermark& mark, Size result, Size picture, Ratio density);

// One tile with the room around it, the spot of the picture in it, and that of the middle tile in the result. Others
// lie beside it, in every direction and without end.
struct Tile {
    Size size;
    Spot picture;
    Spot middle;

    bool operator==(const Tile&) const = default;
};
Tile watermark_tile(const Watermark& mark, Size result, Size picture, Ratio density);

}  // namespace thumbgate
