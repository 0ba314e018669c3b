// A trim finds a photograph again that the vips command line has put a border around.
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/photos.hpp"
#include "tests/support/process.hpp"
#include "tests/unit/pipeline_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

namespace fs = std::filesystem;

constexpr double kSamePicture = 3;  // see difference()
constexpr double kSamePixels = 1;   // of mean_error(): one JPEG more

void must_run(const std::vector<std::string>& argv) {
    const RunResult result = run(argv);
    INFO(result.err);
    REQUIRE(result.ok());
}

// The storm, 480 × 320, with a border of 30 pixels at the left, 50 at the top, 90 at the right and 80 at the bottom.
class Trim : public ConverterFixture {
  public:
    Trim() { must_run({"vips", "thumbnail", photos::storm().path.string(), photograph.string(), "480"}); }

    fs::path bordered(const std::string& colour, const std::string& ending = "png") {
        const fs::path path = dir / ("bordered." + ending);
        must_run({"vips", "embed", photograph.string(), path.string(), "30", "50", "600", "450", "--extend",
                  "background", "--background", colour});
        return path;
    }

    Pixels shown(const fs::path& source, const std::string& options) {
        return picture(convert_link(source, options + "/f:png"));
    }

    TempDir dir;
    const fs::path photograph = dir / "photograph.png";
};

bool has_size(const Pixels& pixels, int width, int height) {
    INFO(pixels.width() << " x " << pixels.height());
    CHECK(pixels.width() == width);
    CHECK(pixels.height() == height);
    return pixels.width() == width && pixels.height() == height;
}

}  // namespace

TEST_CASE_METHOD(Trim, "A trim leaves the photograph inside its border, pixel for pixel") {
    const Pixels photo = Pixels::of(photograph);
    for (const std::string colour : {"255 255 255", "200 0 0"}) {
        CAPTURE(colour);
        const Pixels trimmed = shown(bordered(colour), "t:20");
        if (has_size(trimmed, 480, 320)) CHECK(mean_error(trimmed, photo) == 0);
    }
    has_size(shown(bordered("200 0 0"), "ar:1"), 600, 450);
}

TEST_CASE_METHOD(Trim, "A trim of a colour takes that one alone") {
    const fs::path red = bordered("200 0 0");
    has_size(shown(red, "t:20:c80000"), 480, 320);
    has_size(shown(red, "t:20:00c800"), 600, 450);
    has_size(shown(red, "t:20:be0a0a"), 480, 320);
    has_size(shown(red, "t:5:be0a0a"), 600, 450);
}

TEST_CASE_METHOD(Trim, "An equal trim takes as much from a side as from the one opposite, as it is shown") {
    const fs::path white = bordered("255 255 255", "jpg");
    has_size(shown(white, "t:20::1"), 540, 320);
    has_size(shown(white, "t:20::0:1"), 480, 350);
    has_size(shown(white, "t:20::1:1"), 540, 350);
    has_size(shown(white, "t:20::1/rot:90"), 350, 480);
    const fs::path turned = photos::with_orientation({white, 600, 450}, 6, dir.path()).path;
    has_size(shown(turned, "t:20::1"), 350, 480);
    has_size(shown(turned, "t:20::1/ar:0"), 540, 320);
}

TEST_CASE_METHOD(Trim, "What is transparent is trimmed, as what it is or by its own colour") {
    const fs::path path = dir / "transparent.png";
    const fs::path with_alpha = dir / "alpha.png";
    must_run({"vips", "bandjoin_const", photograph.string(), with_alpha.string(), "255"});
    must_run({"vips", "embed", with_alpha.string(), path.string(), "30", "50", "600", "450"});
    has_size(shown(path, "t:20"), 480, 320);
    has_size(shown(path, "t:20:ff00ff"), 480, 320);
    has_size(shown(path, "t:20:000000"), 600, 450);
}

TEST_CASE_METHOD(Trim, "A trim comes before crop and size, and a large JPEG is not shrunk before it") {
    const fs::path large = dir / "large.jpg";
    const fs::path storm = photos::storm().path;  // 1920 × 1280
    must_run(
        {"vips", "embed", storm.string(), large.string() + "[Q=95]", "131", "67", "2300", "1500", "--extend", "white"});
    for (const std::string options : {"w:200", "rs:fill:150:150/g:we", "c:960:0:ea/w:100"}) {
        CAPTURE(options);
        const Pixels trimmed = shown(large, "t:25/" + options);
        const Pixels plain = shown(storm, options);
        if (!has_size(trimmed, plain.width(), plain.height())) continue;
        CHECK(difference(trimmed, plain) < kSamePicture);
        CHECK(mean_error(trimmed, plain) < kSamePixels);
    }
}

TEST_CASE_METHOD(Trim, "A picture of one colour stays whole, and a grey one is trimmed as others are") {
    const fs::path blank = dir / "blank.png";
    must_run({"vips", "black", blank.string(), "64", "48", "--bands", "3"});
    has_size(shown(blank, "t:20"), 64, 48);
    const fs::path grey = dir / "grey.png";
    must_run({"vips", "colourspace", bordered("255 255 255").string(), grey.string(), "b-w"});
    has_size(shown(grey, "t:20"), 480, 320);
    has_size(shown(grey, "t:20:ffffff"), 480, 320);
}
