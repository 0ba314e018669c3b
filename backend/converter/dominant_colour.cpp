#include "backend/converter/dominant_colour.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace thumbgate {
namespace {

constexpr std::size_t kChannels = 4;  // bytes of a pixel
constexpr unsigned kStepBits = 4;     // half a cube's side is 16 levels
constexpr std::size_t kSteps = 256 >> kStepBits;

// The pixels in some part of the colours.
struct Share {
    std::array<std::uint64_t, 3> sums{};  // multiplied by alpha
    std::uint64_t alpha = 0;

    void add(const Share& other) {
        for (std::size_t c = 0; c < sums.size(); ++c) sums.at(c) += other.sums.at(c);
        alpha += other.alpha;
    }
};

constexpr std::size_t index_of(std::size_t red, std::size_t green, std::size_t blue) {
    return (red * kSteps + green) * kSteps + blue;
}

// By cubes of 16 levels a side.
std::vector<Share> histogram(std::span<const std::uint8_t> rgba) {
    std::vector<Share> shares(kSteps * kSteps * kSteps);
    for (; rgba.size() >= kChannels; rgba = rgba.subspan(kChannels)) {
        Share& share = shares[index_of(rgba[0] >> kStepBits, rgba[1] >> kStepBits, rgba[2] >> kStepBits)];
        const std::uint64_t alpha = rgba[3];
        for (std::size_t c = 0; c < share.sums.size(); ++c) share.sums.at(c) += alpha * rgba[c];
        share.alpha += alpha;
    }
    return shares;
}

// Of the eight small cubes from this one on.
Share cube_at(const std::vector<Share>& shares, std::size_t first) {
    Share cube;
    for (const std::size_t red : {index_of(0, 0, 0), index_of(1, 0, 0)}) {
        for (const std::size_t green : {index_of(0, 0, 0), index_of(0, 1, 0)}) {
            cube.add(shares[first + red + green]);
            cube.add(shares[first + red + green + 1]);
        }
    }
    return cube;
}

Share fullest_cube(const std::vector<Share>& shares) {
    Share fullest;
    for (std::size_t red = 0; red + 1 < kSteps; ++red) {
        for (std::size_t green = 0; green + 1 < kSteps; ++green) {
            for (std::size_t blue = 0; blue + 1 < kSteps; ++blue) {
                const Share cube = cube_at(shares, index_of(red, green, blue));
                if (cube.alpha > fullest.alpha) fullest = cube;
            }
        }
    }
    return fullest;
}

}  // namespace

Colour dominant_colour(std::span<const std::uint8_t> rgba) {
    const Share fullest = fullest_cube(histogram(rgba));
    if (fullest.alpha == 0) return {};
    const auto mean = [&](std::size_t c) {
        return static_cast<std::uint8_t>((fullest.sums.at(c) + fullest.alpha / 2) / fullest.alpha);
    };
    return {mean(0), mean(1), mean(2)};
}

}  // namespace thumbgate
