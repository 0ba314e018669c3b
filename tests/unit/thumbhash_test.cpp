// Hashes of computed pictures, compared with those of the reference's own package (npm thumbhash 0.1.1).
#include "backend/converter/thumbhash.hpp"

#include <functional>

#include "contract/encoding.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;

namespace {

using Pixel = std::array<int, 4>;

std::string hash_of(int width, int height, const std::function<Pixel(int, int)>& pixel_at) {
    std::vector<std::uint8_t> rgba;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (const int sample : pixel_at(x, y)) rgba.push_back(static_cast<std::uint8_t>(sample & 255));
        }
    }
    return base64_encode(thumbhash(rgba, width, height).text());
}

}  // namespace

// No term of these is exactly half of a step, where the order of the sums would decide.
TEST_CASE("A ThumbHash is the one that its reference computes") {
    CHECK(hash_of(100, 75, [](int x, int y) { return Pixel{x * 2, y * 3, (x * y) >> 5, 255}; }) ==
          "VukNFZaBh4eQiIiIiHiIiHoIF/iH");
    CHECK(hash_of(40, 60, [](int x, int y) {
              return Pixel{255 - x * 4, (x * y * 7 + y * y) >> 5, (y * 4 + x * x) >> 1, 255};
          }) == "oJgGLRY6ZUCHSploaXeHd7+W9cip");
    CHECK(hash_of(100, 13, [](int x, int y) {
              return Pixel{(x * x * 3 + y * 37) >> 7, (x * 53 + y * y * 11) >> 5, ((x * y) >> 3) + x * 2, 255};
          }) == "WNcVMYZwd4d3eHh49aUJ3mg=");
    const auto grey = [](int x, int y) { return (x * x + y * y * 2) >> 2; };
    CHECK(hash_of(30, 20, [&](int x, int y) { return Pixel{grey(x, y), grey(x, y), grey(x, y), 255}; }) ==
          "GwgOBYBwiHcha4ind3l3iAAAAAAA");
}

TEST_CASE("A ThumbHash of a picture with transparency is the one that its reference computes") {
    CHECK(hash_of(64, 48, [](int x, int y) {
              return Pixel{x * 3 + ((y * y) >> 5), 255 - ((y * y * y) >> 9), (x * y) >> 4, 40 + x * 2 + ((y * x) >> 5)};
          }) == "YZuFJI4nsIeXh4aIh/dUk6ALd2eIeHiHBw==");
    CHECK(hash_of(33, 50, [](int x, int y) {
              return Pixel{250 - x * 2, y * 5, x * 7, (x + y * 2) % 97 < 40 ? 0 : 255};
          }) == "5qmCSwZJcIKZ72aPdGj3Z4iIRniAiHk=");
    CHECK(hash_of(8, 5, [](int, int) { return Pixel{200, 100, 50, 0}; }) == "AAiCA4AAAAAAAAAAAAAAAAAAAAAAAAA=");
}
