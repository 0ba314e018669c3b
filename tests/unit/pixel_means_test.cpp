// What an inspection sees of a picture: means of its pixels.
#include "backend/converter/pixel_means.hpp"

#include "tests/support/catch.hpp"

using namespace thumbgate;

namespace {

template <typename Sample>
PixelMeans means_of(int width, int height, int bands, bool has_alpha, const std::vector<Sample>& samples) {
    PixelMeans means(width, height, bands, has_alpha);
    const auto row = static_cast<std::size_t>(width) * static_cast<std::size_t>(bands);
    for (std::size_t at = 0; at < samples.size(); at += row) {
        means.add_row(std::span<const Sample>(samples).subspan(at, row));
    }
    return means;
}

using Bytes = std::vector<std::uint8_t>;

}  // namespace

TEST_CASE("A small picture's means are its pixels") {
    const Bytes rgb{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const PixelMeans means = means_of(2, 2, 3, false, rgb);
    CHECK(means.cells<std::uint8_t>() == rgb);
    CHECK_FALSE(means.has_transparency<std::uint8_t>());
}

TEST_CASE("A large picture has a hundred cells along its longer side, each the mean of all its pixels") {
    // Columns of 0 and 200 by turns, and one cell's worth of rows that are white.
    Bytes grey;
    for (int y = 0; y < 40; ++y) {
        for (int x = 0; x < 400; ++x) grey.push_back(y < 4 ? 255 : x % 2 * 200);
    }
    const PixelMeans means = means_of(400, 40, 1, false, grey);
    CHECK(means.grid_width() == 100);
    CHECK(means.grid_height() == 10);
    const Bytes cells = means.cells<std::uint8_t>();
    REQUIRE(cells.size() == 1000);
    CHECK(std::ranges::all_of(std::span(cells).first(100), [](int cell) { return cell == 255; }));
    CHECK(std::ranges::all_of(std::span(cells).subspan(100), [](int cell) { return cell == 100; }));
}

TEST_CASE("A very long picture has cells along its shorter side too") {
    const PixelMeans means = means_of(1, 3000, 1, false, Bytes(3000, 7));
    CHECK(means.grid_width() == 1);
    CHECK(means.grid_height() == 100);
    CHECK(means.cells<std::uint8_t>() == Bytes(100, 7));
}

TEST_CASE("Transparent pixels count for as much as is seen of them") {
    Bytes rgba;
    for (int x = 0; x < 200; ++x) {
        const Bytes pixel = x % 2 == 0 ? Bytes{250, 0, 0, 255} : Bytes{0, 99, 0, 0};
        rgba.insert(rgba.end(), pixel.begin(), pixel.end());
    }
    const PixelMeans means = means_of(200, 1, 4, true, rgba);
    CHECK(means.has_transparency<std::uint8_t>());
    const Bytes cells = means.cells<std::uint8_t>();
    CHECK(Bytes(cells.begin(), cells.begin() + 4) == Bytes{250, 0, 0, 128});
}

TEST_CASE("One pixel that is not opaque makes a picture transparent, one of sixteen bits too") {
    std::vector<std::uint16_t> samples(2 * 300 * 300, 65535);
    CHECK_FALSE(means_of(300, 300, 2, true, samples).has_transparency<std::uint16_t>());
    samples.back() = 65534;
    CHECK(means_of(300, 300, 2, true, samples).has_transparency<std::uint16_t>());
    CHECK_FALSE(means_of(300, 300, 2, false, samples).has_transparency<std::uint16_t>());
}

TEST_CASE("Rows of further frames count for transparency alone") {
    const Bytes two_frames{10, 255, 30, 255, 99, 255, 99, 0};
    PixelMeans means(2, 1, 2, true);
    means.add_row(std::span(two_frames).first(4));
    CHECK_FALSE(means.has_transparency<std::uint8_t>());
    means.add_row(std::span(two_frames).subspan(4));
    CHECK(means.has_transparency<std::uint8_t>());
    CHECK(means.cells<std::uint8_t>() == Bytes{10, 255, 30, 255});
}

TEST_CASE("Every number of samples a pixel is summed up by itself") {
    for (int bands = 1; bands <= PixelMeans::kMostBands; ++bands) {
        for (const bool has_alpha : {false, true}) {
            CAPTURE(bands, has_alpha);
            Bytes row;
            for (int x = 0; x < 200; ++x) {
                for (int band = 0; band < bands; ++band) row.push_back(static_cast<std::uint8_t>(40 * band + 50));
            }
            Bytes expected;
            for (std::size_t at = 0; at < row.size() / 2; ++at) expected.push_back(row[at]);
            CHECK(means_of(200, 1, bands, has_alpha, row).cells<std::uint8_t>() == expected);
        }
    }
}
