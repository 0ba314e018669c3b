// A ThumbHash (https://evanw.github.io/thumbhash/): a picture's coarsest structure in some 25 bytes, which a page
// shows, blurred, where the picture is still to come. Pure; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace thumbgate {

// A plain value, since it travels between processes as bytes.
struct ThumbHash {
    std::array<std::uint8_t, 25> bytes{};
    std::uint8_t size = 0;  // of the bytes that count; 0: there is none

    std::string_view text() const { return {reinterpret_cast<const char*>(bytes.data()), size}; }
    bool operator==(const ThumbHash&) const = default;
};

// Of sRGB with alpha, four bytes a pixel, row by row. The time is by the pixels: 100 × 100 are more than enough.
ThumbHash thumbhash(std::span<const std::uint8_t> rgba, int width, int height);

}  // namespace thumbgate
