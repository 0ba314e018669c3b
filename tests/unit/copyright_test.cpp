// Copyright and Artist out of a block of EXIF that is not as it should be; what cameras write is tried with exiftool,
// in pipeline_metadata_test.cpp.
#include "backend/converter/copyright.hpp"

#include <cstdint>
#include <random>

#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace std::string_literals;

namespace {

std::string number(std::uint64_t value, std::size_t size, bool little) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * (little ? i : size - 1 - i)));
    return bytes;
}

// One directory with one entry, whose text follows.
std::string block(bool little, std::uint16_t tag, const std::string& text, std::uint64_t claimed_size,
                  std::uint64_t place = 26) {
    const auto n = [little](std::uint64_t value, std::size_t size) { return number(value, size, little); };
    return (little ? "II"s : "MM"s) + n(42, 2) + n(8, 4) + n(1, 2) + n(tag, 2) + n(2, 2) + n(claimed_size, 4) +
           n(place, 4) + n(0, 4) + text;
}

constexpr std::uint16_t kArtist = 0x013B;
constexpr std::uint16_t kCopyright = 0x8298;
constexpr std::uint16_t kModel = 0x0110;

}  // namespace

TEST_CASE("of an EXIF block of either byte order, with its prefix or without, the copyright is kept") {
    for (const bool little : {true, false}) {
        const std::string exif = block(little, kCopyright, "Ann\0Bob\0"s, 8);
        const std::string kept = copyright_alone(exif);
        CHECK(kept == "Exif\0\0"s + block(true, kCopyright, "Ann\0Bob\0"s, 8));
        CHECK(copyright_alone("Exif\0\0"s + exif) == kept);
        CHECK(copyright_alone(kept) == kept);
    }
}

TEST_CASE("nothing but a copyright and an artist is kept") {
    CHECK(copyright_alone(block(true, kModel, "Camera\0\0"s, 8)).empty());
    CHECK_FALSE(copyright_alone(block(true, kArtist, "Camera\0\0"s, 8)).empty());
    const std::string with_more = block(true, kArtist, "Ann Example\0"s, 12) + "GPS, thumbnail and maker's note";
    CHECK(copyright_alone(with_more).find("GPS") == std::string::npos);
}

TEST_CASE("a text that lies beyond the block, is empty or is too long is not kept") {
    CHECK(copyright_alone(block(true, kArtist, "Ann Example\0"s, 13)).empty());
    CHECK(copyright_alone(block(true, kArtist, "Ann Example\0"s, 12, 27)).empty());
    CHECK(copyright_alone(block(true, kArtist, "Ann Example\0"s, 12, UINT32_MAX)).empty());
    CHECK(copyright_alone(block(true, kArtist, "Ann Example\0"s, UINT32_MAX)).empty());
    CHECK(copyright_alone(block(true, kArtist, "  \0\0\0\0"s, 6)).empty());
    CHECK_FALSE(copyright_alone(block(true, kArtist, std::string(2048, 'a'), 2048)).empty());
    CHECK(copyright_alone(block(true, kArtist, std::string(2049, 'a'), 2049)).empty());
}

TEST_CASE("a block that is cut off or altered anywhere is read within its bounds") {
    const std::string whole = block(false, kArtist, "Ann Example\0"s, 12);
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK(copyright_alone(whole.substr(0, size)).empty());
    std::mt19937 random(20260101);
    for (int i = 0; i < 20'000; ++i) {
        std::string altered = whole;
        for (int changes = 0; changes < 3; ++changes) altered[random() % altered.size()] = static_cast<char>(random());
        CHECK(copyright_alone(altered).size() <= 6 + 10 + 2 * 12 + 4 + 2 * 2050);
    }
}
