// The row by row Lanczos3 against the formula itself, computed pixel by pixel in double precision.
#include "backend/converter/lanczos.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "tests/support/catch.hpp"

using namespace thumbgate;

namespace {

struct Raster {
    int width;
    int height;
    int bands;
    std::vector<std::uint8_t> values = {};

    double at(int x, int y, int band) const {
        const int column = std::clamp(x, 0, width - 1);
        const int row = std::clamp(y, 0, height - 1);
        return values[static_cast<std::size_t>((row * width + column) * bands + band)];
    }
};

Raster noise(int width, int height, int bands) {
    Raster raster{width, height, bands};
    std::mt19937 random(1);
    for (int i = 0; i < width * height * bands; ++i) raster.values.push_back(static_cast<std::uint8_t>(random() >> 24));
    return raster;
}

Raster by_rows(const Raster& from, int width, int height) {
    Raster to{width, height, from.bands};
    to.values.resize(static_cast<std::size_t>(width * height * from.bands));
    LanczosRows rows(LanczosAxis(from.width, width), LanczosAxis(from.height, height), from.bands);
    std::uint8_t* next = to.values.data();
    for (int y = 0; y < from.height; ++y)
        next = rows.push(&from.values[static_cast<std::size_t>(y * from.width * from.bands)], next);
    CHECK(next == to.values.data() + to.values.size());
    return to;
}

double kernel(double at) {
    if (std::abs(at) < 1e-12) return 1;
    if (std::abs(at) >= 3) return 0;
    const double angle = std::numbers::pi * at;
    return 3 * std::sin(angle) * std::sin(angle / 3) / (angle * angle);
}

double by_formula(const Raster& from, int width, int height, int x, int y, int band) {
    const double across = static_cast<double>(from.width) / width;
    const double down = static_cast<double>(from.height) / height;
    const double column = (x + 0.5) * across - 0.5;
    const double row = (y + 0.5) * down - 0.5;
    double sum = 0;
    double weights = 0;
    for (int j = static_cast<int>(row - 3 * down) - 1; j <= row + 3 * down + 1; ++j) {
        for (int i = static_cast<int>(column - 3 * across) - 1; i <= column + 3 * across + 1; ++i) {
            const double weight = kernel((i - column) / across) * kernel((j - row) / down);
            sum += weight * from.at(i, j, band);
            weights += weight;
        }
    }
    return std::clamp(sum / weights, 0.0, 255.0);
}

double worst_error(const Raster& from, const Raster& to) {
    double worst = 0;
    for (int y = 0; y < to.height; ++y) {
        for (int x = 0; x < to.width; ++x) {
            for (int band = 0; band < to.bands; ++band) {
                worst =
                    std::max(worst, std::abs(to.at(x, y, band) - by_formula(from, to.width, to.height, x, y, band)));
            }
        }
    }
    return worst;
}

}  // namespace

TEST_CASE("Rows that are made smaller are what the formula says, at the edges too") {
    struct Sizes {
        int width, height, to_width, to_height;
    };
    const Sizes sizes[] = {{97, 61, 50, 31}, {40, 40, 39, 40}, {64, 48, 17, 13},
                           {5, 70, 3, 1},    {33, 4, 1, 4},    {90, 90, 9, 80}};
    for (const auto& [width, height, to_width, to_height] : sizes) {
        for (const int bands : {1, 3}) {
            CAPTURE(width, height, to_width, to_height, bands);
            const Raster from = noise(width, height, bands);
            CHECK(worst_error(from, by_rows(from, to_width, to_height)) < 0.51);
        }
    }
}

TEST_CASE("Rows of the same size come out as they went in") {
    const Raster from = noise(37, 23, 3);
    CHECK(by_rows(from, 37, 23).values == from.values);
}

TEST_CASE("A picture of one colour keeps it") {
    const Raster white{50, 50, 3, std::vector<std::uint8_t>(50 * 50 * 3, 255)};
    CHECK(std::ranges::count(by_rows(white, 20, 30).values, 255) == 20 * 30 * 3);
}

TEST_CASE("A picture that ends within its last pixel is stretched to where it ends") {
    // From left to right: a ramp of 4 a pixel, whose last pixel is only half covered.
    constexpr int kWidth = 41;
    constexpr double kExtent = 40.5;
    constexpr int kResult = 27;
    std::vector<std::uint8_t> ramp;
    for (int x = 0; x < kWidth; ++x) ramp.push_back(static_cast<std::uint8_t>(4 * x));
    std::array<std::uint8_t, kResult> result{};
    LanczosRows rows(LanczosAxis(kWidth, kResult, kExtent), LanczosAxis(1, 1), 1);
    rows.push(ramp.data(), result.data());
    for (int x = 4; x < kResult - 4; ++x) {
        const double expected = 4 * ((x + 0.5) * kExtent / kResult - 0.5);
        CHECK(std::abs(result.at(static_cast<std::size_t>(x)) - expected) < 0.6);
    }
}
