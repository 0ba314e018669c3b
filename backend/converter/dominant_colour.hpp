// The colour that most of a picture has. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <span>

#include "contract/look.hpp"

namespace thumbgate {

// Of sRGB with alpha, four bytes a pixel: the mean of the pixels in the fullest cube of 32 levels a side, of cubes that
// overlap by half, so that no border cuts through every one that a colour lies in. A pixel counts for as much as is
// seen of it. Black where nothing is seen.
Colour dominant_colour(std::span<const std::uint8_t> rgba);

}  // namespace thumbgate
