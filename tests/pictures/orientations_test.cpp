// All eight EXIF orientations of a real photograph, each with what depends on where up is, against ImageMagick.
#include "tests/pictures/pictures.hpp"
#include "tests/support/photos.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

namespace fs = std::filesystem;

// Of an upright picture of 960 × 640 or 640 × 960 pixels: a result of one size for both.
const std::vector<PictureCase> kCases{
    {"rs:fill:120:120/g:no", "-filter Lanczos -resize 120x120^ -gravity north -crop 120x120+0+0"},
    {"rs:fill:120:120/g:ea", "-filter Lanczos -resize 120x120^ -gravity east -crop 120x120+0+0"},
    {"c:400:300:nowe:30:60/w:200", "-crop 400x300+30+60 +repage -filter Lanczos -resize 200x150!"},
    {"rs:force:120:90/rot:90", "-rotate 90 -filter Lanczos -resize 120x90!"},
    {"rs:force:120:90/fl:1", "-flop -filter Lanczos -resize 120x90!"},
    {"rs:force:120:90/rot:270/fl:0:1", "-rotate 270 -flip -filter Lanczos -resize 120x90!"},
    {"rot:90/c:200:300:so/w:100",
     "-rotate 90 +repage -gravity south -crop 200x300+0+0 +repage -filter Lanczos -resize 100x150!"},
};

}  // namespace

TEST_CASE_METHOD(ConverterFixture,
                 "Gravity, crop, turn and mirror mean the upright picture in all eight orientations") {
    const TempDir dir;
    const fs::path small = dir / "small.jpg";
    REQUIRE(run({"vipsthumbnail", photos::storm().path.string(), "-s", "960x", "-o", small.string()}).ok());
    for (int orientation = 1; orientation <= 8; ++orientation) {
        CAPTURE(orientation);
        const Photo turned = photos::with_orientation({small, 960, 640}, orientation, dir.path());
        for (const PictureCase& one : kCases) {
            CAPTURE(one.options);
            const Expected expected = expect_of(turned.path, "-auto-orient +repage " + one.words, dir / "expected.png");
            const Converted converted = convert_link(turned.path, one.options + "/f:png");
            CHECK(difference(picture(converted), expected.pixels) < 3);
            CHECK(ssim(luma_of_bytes(converted.bytes), expected.luma) > one.likeness);
        }
    }
}
