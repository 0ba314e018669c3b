// The colour that most of a picture has.
#include "backend/converter/dominant_colour.hpp"

#include <vector>

#include "tests/support/catch.hpp"

using namespace thumbgate;

namespace {

struct Pixels {
    std::vector<std::uint8_t> rgba{};

    Pixels& add(int count, std::array<std::uint8_t, 4> pixel) {
        for (int i = 0; i < count; ++i) rgba.insert(rgba.end(), pixel.begin(), pixel.end());
        return *this;
    }
};

}  // namespace

TEST_CASE("The dominant colour is the mean of the pixels near the most frequent colour") {
    Pixels pixels;
    pixels.add(30, {10, 200, 30, 255}).add(30, {14, 204, 30, 255}).add(50, {255, 0, 0, 255});
    CHECK(dominant_colour(pixels.rgba) == Colour{12, 202, 30});
}

TEST_CASE("A colour that no border of cubes may cut counts as one") {
    // Its eight corners lie around (128, 128, 128), each in another eighth of all colours.
    Pixels pixels;
    for (const int corner : {0, 1, 2, 3, 4, 5, 6, 7}) {
        const auto side = [&](int bit) { return static_cast<std::uint8_t>((corner >> bit & 1) != 0 ? 130 : 126); };
        pixels.add(10, {side(0), side(1), side(2), 255});
    }
    pixels.add(30, {255, 255, 0, 255});
    CHECK(dominant_colour(pixels.rgba) == Colour{128, 128, 128});
}

TEST_CASE("What is hardly seen hardly counts, and of what is not seen there is no colour") {
    Pixels pixels;
    pixels.add(60, {10, 200, 30, 255}).add(900, {0, 0, 255, 10});
    CHECK(dominant_colour(pixels.rgba) == Colour{10, 200, 30});
    pixels.add(1000, {0, 0, 255, 10});
    CHECK(dominant_colour(pixels.rgba) == Colour{0, 0, 255});
    CHECK(dominant_colour(Pixels().add(5, {9, 9, 9, 0}).rgba) == Colour{});
    CHECK(dominant_colour({}) == Colour{});
}

TEST_CASE("The ends of the scale are colours like others") {
    CHECK(dominant_colour(Pixels().add(9, {255, 255, 255, 255}).rgba) == Colour{255, 255, 255});
    CHECK(dominant_colour(Pixels().add(9, {0, 0, 0, 255}).rgba) == Colour{0, 0, 0});
    CHECK(dominant_colour(Pixels().add(9, {255, 0, 128, 255}).rgba) == Colour{255, 0, 128});
}
