// The instruments by which tests judge pictures, checked on pictures whose facts are known.
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/image.hpp"
#include "tests/support/photos.hpp"
#include "tests/support/process.hpp"

using namespace thumbgate::test;

TEST_CASE("every photograph is there and as large as said") {
    for (const Photo& photo : photos::all()) {
        INFO(photo.path);
        const ImageFacts facts = inspect(photo.path);
        CHECK(facts.format == "jpeg");
        CHECK(facts.width == photo.width);
        CHECK(facts.height == photo.height);
    }
}

TEST_CASE("metadata written into a photograph is seen, and its absence too") {
    const TempDir dir;
    const ImageFacts located = inspect(photos::with_gps(photos::dune(), dir.path()).path);
    CHECK(located.has_gps);
    CHECK(located.has_exif);
    CHECK(located.has_xmp);
    CHECK(inspect(photos::with_orientation(photos::dune(), 6, dir.path()).path).orientation == 6);

    const std::string bare = dir / "bare.png";
    REQUIRE(run({"vips", "copy", photos::dune().path, bare + "[strip]"}).ok());
    CHECK_FALSE(inspect(bare).has_metadata());
}

TEST_CASE("formats, sizes and alpha are told apart") {
    const TempDir dir;
    for (const std::string ending : {"png", "webp", "avif"}) {
        const ImageFacts facts = inspect(photos::converted(photos::meadow(), ending, dir.path()).path);
        INFO(facts);
        CHECK(facts.format == ending);
        CHECK(facts.width == 1280);
        CHECK(facts.height == 1024);
        CHECK_FALSE(facts.has_alpha);
    }
    const Photo glass = photos::with_alpha(photos::meadow(), dir.path());
    CHECK(inspect(glass.path).has_alpha);
    CHECK(difference(Pixels::of(glass.path), Pixels::of(photos::meadow().path)) > 20);
    CHECK(inspect_bytes("not a picture").format.empty());
    CHECK(inspect_bytes("").format.empty());
}

TEST_CASE("a decompression bomb is small and claims 900 megapixels") {
    const TempDir dir;
    const Photo bomb = photos::bomb(dir.path());
    CHECK(std::filesystem::file_size(bomb.path) < 1'000'000);
    const ImageFacts facts = inspect(bomb.path);
    CHECK(facts.format == "png");
    CHECK(facts.width == 30000);
    CHECK(facts.height == 30000);
}

TEST_CASE("a thumbnail resembles its photograph, and no turned or mirrored one does") {
    const TempDir dir;
    const Pixels original = Pixels::of(photos::storm().path);
    const std::string thumbnail = dir / "small.webp";
    REQUIRE(run({"vipsthumbnail", photos::storm().path, "-s", "320x", "-o", thumbnail}).ok());
    const Pixels small = Pixels::of(thumbnail);
    CHECK(small.width() == 320);
    CHECK(small.height() == 213);
    CHECK(difference(small, original) < 3);
    for (int orientation = 2; orientation <= 8; ++orientation) {
        INFO("orientation " << orientation);
        CHECK(difference(small, original.oriented(orientation)) > 10);
    }
    CHECK(difference(small, original.cropped(0, 0, 0.8, 1)) > 5);
}

TEST_CASE("orientations are applied as viewers apply them") {
    const TempDir dir;
    const Photo small{dir / "small.jpg", 400, 267};
    REQUIRE(run({"vipsthumbnail", photos::storm().path, "-s", "400x", "-o", small.path}).ok());
    for (int orientation = 1; orientation <= 8; ++orientation) {
        INFO("orientation " << orientation);
        const Photo turned = photos::with_orientation(small, orientation, dir.path());
        const std::string upright = dir / "upright.jpg";
        REQUIRE(run({"vips", "autorot", turned.path, upright}).ok());
        CHECK(difference(Pixels::of(upright), Pixels::of(turned.path).oriented(orientation)) < 1);
    }
}

TEST_CASE("a truncated photograph does not pass for a whole one", "[.planted]") {
    const TempDir dir;
    Pixels::of(photos::truncated(photos::storm(), 0.5, dir.path()).path);
}

TEST_CASE("pixels of a truncated photograph fail the test that asks for them") {
    const RunResult result = run({"/proc/self/exe", "a truncated photograph does not pass for a whole one"});
    CHECK_FALSE(result.ok());
    CHECK_THAT(result.out, contains("vips colourspace failed"));
}
