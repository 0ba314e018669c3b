// The options beyond size and format on real photographs, compared with what the vips command line makes of them, or
// with pixels taken from the source by hand.
#include <cmath>

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/image.hpp"
#include "tests/support/photos.hpp"
#include "tests/support/process.hpp"
#include "tests/unit/pipeline_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

namespace fs = std::filesystem;

constexpr double kSamePicture = 3;  // see difference()
constexpr double kSameFilter = 1;   // of one program's with the other's
constexpr double kOtherPicture = 10;

// As a link's options say, in PNG.
class ByOptions : public ConverterFixture {
  public:
    Converted by_options(const fs::path& source, const std::string& options) {
        return convert_link(source, options + "/f:png");
    }
    Pixels shown(const fs::path& source, const std::string& options) { return picture(by_options(source, options)); }
};

std::pair<int, int> size_of(const Pixels& pixels) {
    return {pixels.width(), pixels.height()};
}

bool is_colour(const Rgb& colour, const Rgb& expected) {
    bool near = true;
    for (std::size_t i = 0; i < colour.size(); ++i) near = near && std::abs(colour.at(i) - expected.at(i)) < 1;
    return near;
}

// Mean of a column or row of single pixels, in fractions.
Rgb pixel(const Pixels& pixels, double x, double y) {
    const double wide = 1.0 / pixels.width();
    const double high = 1.0 / pixels.height();
    return pixels.mean(x * wide, y * high, (x + 1) * wide, (y + 1) * high);
}

// What `vips operation source target arguments…` makes.
fs::path by_vips(const TempDir& dir, const std::string& operation, const fs::path& source,
                 const std::vector<std::string>& arguments) {
    const fs::path target = dir / (operation + ".png");
    std::vector<std::string> argv{"vips", operation, source.string(), target.string()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const RunResult result = run(argv);
    INFO(result.err);
    REQUIRE(result.ok());
    return target;
}

constexpr Rgb kWhite{255, 255, 255};
constexpr Rgb kOrange{255, 128, 0};

}  // namespace

TEST_CASE_METHOD(ByOptions, "A focus point and an offset show their part of the photograph") {
    const fs::path storm = photos::storm().path;  // 1920 × 1280
    const Pixels whole = Pixels::of(storm);
    const auto from = [&](double left) { return whole.cropped(left / 960, 0, (left + 320) / 960, 1); };
    CHECK(difference(shown(storm, "rs:fill:320:640/g:fp:0.25:0.5"), from(80)) < kSamePicture);
    CHECK(difference(shown(storm, "rs:fill:320:640/g:we:100"), from(100)) < kSamePicture);
    CHECK(difference(shown(storm, "rs:fill:320:640/g:ea:0.1"), from(544)) < kSamePicture);
    CHECK(difference(shown(storm, "rs:fill:320:640/g:ea:0.1"), from(0)) > kOtherPicture);
}

TEST_CASE_METHOD(ByOptions, "A crop takes its part of the photograph, and shrinking on load does not move it") {
    const fs::path storm = photos::storm().path;
    const Pixels part = Pixels::of(storm).cropped(480 / 1920., 320 / 1280., 1440 / 1920., 960 / 1280.);
    for (const std::string width : {"960", "400", "200", "100", "60"}) {
        CAPTURE(width);
        const Pixels pixels = shown(storm, "c:960:640:nowe:480:320/w:" + width);
        CHECK(pixels.width() == std::stoi(width));
        CHECK(difference(pixels, part) < kSamePicture);
    }
    CHECK(size_of(shown(storm, "c:0.5:0.25")) == std::pair(960, 320));
    CHECK(difference(shown(storm, "c:960:640:nowe:480:320"), Pixels::of(storm)) > kOtherPicture);
}

TEST_CASE_METHOD(ByOptions, "A crop without scaling takes exactly the pixels") {
    const TempDir dir;
    const fs::path png = photos::converted(photos::storm(), "png", dir.path()).path;
    const fs::path expected = by_vips(dir, "crop", png, {"101", "57", "301", "203"});
    CHECK(difference(shown(png, "c:301:203:nowe:101:57"), Pixels::of(expected)) == 0);
}

TEST_CASE_METHOD(ByOptions,
                 "A crop, a gravity, a turn and a mirror are those of the upright picture, in all eight orientations") {
    const TempDir dir;
    for (int orientation = 1; orientation <= 8; ++orientation) {
        CAPTURE(orientation);
        const Photo turned = photos::with_orientation(photos::storm(), orientation, dir.path());
        const Pixels upright = Pixels::of(photos::storm().path).oriented(orientation);
        const Pixels part = upright.cropped(0.5, 0, 1, 0.25);
        CHECK(difference(shown(turned.path, "c:0.5:0.25:noea/w:200"), part) < kSamePicture);
        // EXIF's 6 is a quarter turn clockwise, 2 a mirror.
        const Pixels once_more = upright.oriented(6);
        CHECK(difference(shown(turned.path, "rot:90/w:200"), once_more) < kSamePicture);
        CHECK(difference(shown(turned.path, "rot:90/fl:1/w:200"), once_more.oriented(2)) < kSamePicture);
        CHECK(difference(shown(turned.path, "rot:90/fl:1/c:0.5:0.25:noea/w:200"),
                         once_more.oriented(2).cropped(0.5, 0, 1, 0.25)) < kSamePicture);
        CHECK(difference(shown(turned.path, "ar:0/w:200"), Pixels::of(photos::storm().path)) < kSamePicture);
    }
}

TEST_CASE_METHOD(ByOptions, "Half a turn and mirroring at both axes are one picture, pixel by pixel") {
    const fs::path storm = photos::storm().path;
    CHECK(by_options(storm, "rot:180/w:300").bytes == by_options(storm, "fl:1:1/w:300").bytes);
    CHECK(by_options(storm, "rot:270/w:300").bytes != by_options(storm, "rot:90/w:300").bytes);
}

TEST_CASE_METHOD(ByOptions,
                 "An extension is transparent where the format can, white where not, and of the background's colour") {
    const fs::path storm = photos::storm().path;
    const Converted clear = convert_link(storm, "rs:fit:300:300:0:1");
    CHECK(clear.reply.format == Format::png);
    CHECK(inspect_bytes(clear.bytes).has_alpha);
    CHECK(size_of(picture(clear)) == std::pair(300, 300));
    const Pixels jpeg = picture(convert_link(storm, "rs:fit:300:300:0:1/f:jpeg/q:95"));
    CHECK(is_colour(pixel(jpeg, 150, 10), kWhite));
    CHECK(difference(jpeg.cropped(0, 1 / 6., 1, 5 / 6.), Pixels::of(storm)) < kSamePicture);
    const Converted orange = convert_link(storm, "rs:fit:300:300:0:1:so/bg:ff8000");
    CHECK(orange.reply.format == Format::jpeg);
    CHECK(difference(picture(orange).cropped(0, 1 / 3., 1, 1), Pixels::of(storm)) < kSamePicture);
    CHECK(is_colour(pixel(shown(storm, "rs:fit:300:300:0:1:so/bg:255:128:0"), 150, 10), kOrange));
}

TEST_CASE_METHOD(ByOptions, "A padding is around the picture, and the picture is whole") {
    const fs::path storm = photos::storm().path;
    const Pixels padded = shown(storm, "w:300/pd:10:20:30:40/bg:f80");
    CHECK(size_of(padded) == std::pair(360, 240));
    const double wide = padded.width();
    const double high = padded.height();
    const Pixels inner = padded.cropped(40 / wide, 10 / high, 340 / wide, 210 / high);
    CHECK(difference(inner, Pixels::of(storm)) < kSamePicture);
    for (const auto& [x, y] : {std::pair(39, 100), std::pair(340, 100), std::pair(100, 9), std::pair(100, 210)}) {
        CHECK(is_colour(pixel(padded, x, y), {255, 136, 0}));
    }
    CHECK_FALSE(is_colour(pixel(padded, 40, 10), {255, 136, 0}));
    CHECK(size_of(shown(storm, "w:300/pd:10/dpr:2")) == std::pair(640, 440));
}

TEST_CASE_METHOD(ByOptions, "A grey photograph gets a coloured background") {
    const TempDir dir;
    const fs::path grey = by_vips(dir, "colourspace", photos::storm().path, {"b-w"});
    CHECK(is_colour(pixel(shown(grey, "w:300/pd:10/bg:ff8000"), 5, 5), kOrange));
    CHECK(difference(shown(grey, "w:300/bg:ff8000"), Pixels::of(grey)) < kSamePicture);
}

TEST_CASE_METHOD(ByOptions, "What is transparent shows the background, in every format") {
    const TempDir dir;
    const fs::path source = photos::with_alpha(photos::storm(), dir.path()).path;
    const Pixels on_black = Pixels::of(by_vips(dir, "flatten", source, {"--background", "0"}));
    for (const std::string format : {"png", "jpeg", "webp", "avif"}) {
        CAPTURE(format);
        const Converted flat = convert_link(source, "w:300/bg:000/f:" + format);
        CHECK(difference(picture(flat), on_black) < kSamePicture);
        CHECK_FALSE(inspect_bytes(flat.bytes).has_alpha);
    }
    CHECK(convert_link(source, "w:300/bg:000").reply.format == Format::jpeg);
}

TEST_CASE_METHOD(ByOptions, "Blur, sharpening and blocks are those of another program") {
    const TempDir dir;
    const fs::path png = photos::converted(photos::flower(), "png", dir.path()).path;
    const fs::path small = dir / "small.png";
    write_file(small, by_options(png, "w:400").bytes);
    const auto compare = [&](const std::string& options, const std::string& operation, const std::string& argument) {
        const Pixels expected = Pixels::of(by_vips(dir, operation, small, {argument}));
        CHECK(mean_error(shown(png, "w:400/" + options), expected) < kSameFilter);
        CHECK(mean_error(shown(png, "w:400"), expected) > 1);
    };
    compare("bl:4", "gaussblur", "4");
    compare("bl:10.5", "gaussblur", "10.5");
    compare("bl:45", "gaussblur", "45");
    compare("sh:1.5", "sharpen", "--sigma=1.5");
    const Pixels blocks = shown(png, "w:400/pix:16");
    CHECK(size_of(blocks) == size_of(shown(png, "w:400")));
    CHECK(pixel(blocks, 0, 0) == pixel(blocks, 15, 15));
    CHECK(pixel(blocks, 160, 160) == pixel(blocks, 175, 175));
    CHECK(is_colour(pixel(blocks, 160, 160),
                    Pixels::of(small).mean(.4, 160. / blocks.height(), .44, 176. / blocks.height())));
}

TEST_CASE_METHOD(ByOptions, "Blur and blocks do not bring the colour of transparent pixels to light") {
    const TempDir dir;
    // Red that nobody sees on the left, opaque blue on the right.
    const fs::path source = dir / "halves.png";
    const fs::path red = dir / "red.png";
    REQUIRE(run({"vips", "black", (dir / "black.png").string(), "100", "100", "--bands", "4"}).ok());
    REQUIRE(
        run({"vips", "linear", (dir / "black.png").string(), red.string(), "0 0 0 0", "255 0 0 0", "--uchar"}).ok());
    REQUIRE(run({"vips", "linear", (dir / "black.png").string(), (dir / "blue.png").string(), "0 0 0 0", "0 0 255 255",
                 "--uchar"})
                .ok());
    REQUIRE(run({"vips", "join", red.string(), (dir / "blue.png").string(), source.string(), "horizontal"}).ok());
    for (const std::string options : {"bl:5", "pix:40"}) {
        CAPTURE(options);
        const Pixels pixels = shown(source, options);
        const Rgb seam = pixels.mean(.45, 0, .55, 1);
        CHECK(seam[0] <= seam[2]);
        CHECK(std::abs(seam[0] - seam[1]) < 1);
    }
}

TEST_CASE_METHOD(ByOptions, "A quality for formats counts for the format that comes out") {
    const fs::path dune = photos::dune().path;
    const auto bytes = [&](const std::string& options) { return convert_link(dune, "w:320/" + options).bytes; };
    CHECK(bytes("fq:jpeg:30:webp:90") == bytes("q:30"));
    CHECK(bytes("fq:jpeg:30:webp:90/f:webp") == bytes("q:90/f:webp"));
    CHECK(bytes("fq:webp:30") == bytes("cb:"));
}

TEST_CASE_METHOD(ByOptions, "A limit of bytes takes the best quality that it allows") {
    const fs::path dune = photos::dune().path;
    for (const std::string format : {"jpeg", "webp"}) {
        CAPTURE(format);
        const auto size = [&](const std::string& options) {
            return convert_link(dune, "w:640/f:" + format + "/" + options).bytes.size();
        };
        const std::size_t plain = size("q:80");
        const std::size_t limit = plain / 2;
        const std::size_t limited = size("q:80/mb:" + std::to_string(limit));
        CHECK(limited <= limit);
        CHECK(limited > limit * 3 / 4);
        CHECK(size("q:80/mb:" + std::to_string(plain)) == plain);
        CHECK(size("q:80/mb:1") == size("q:10"));
        CHECK(size("q:5/mb:1") == size("q:5"));
    }
}

TEST_CASE_METHOD(ByOptions, "A result with paddings and extensions is bounded in pixels") {
    const fs::path storm = photos::storm().path;
    CHECK(by_options(storm, "w:100/pd:65535").reply.outcome == Outcome::result_too_many_pixels);
    CHECK(by_options(storm, "s:65535:65535:0:1").reply.outcome == Outcome::result_too_many_pixels);
    CHECK(by_options(storm, "mw:65535").reply.outcome == Outcome::result_too_many_pixels);
    CHECK(by_options(storm, "z:10/el:1").reply.outcome == Outcome::result_too_many_pixels);
    CHECK(by_options(storm, "w:100/pix:65535/bl:100/sh:10").reply.outcome == Outcome::ok);
}

TEST_CASE_METHOD(ByOptions, "Options of all kinds work on a picture of a single pixel, and in every format") {
    const TempDir dir;
    REQUIRE(run({"vips", "black", (dir / "dot.png").string(), "1", "1", "--bands", "3"}).ok());
    for (const std::string format : {"jpeg", "png", "webp", "avif"}) {
        const Converted dot = convert_link(
            dir / "dot.png", "rs:fill:40:30:1/c:0.5:0.5/rot:90/fl:1/bl:2/sh:1/pix:4/pd:5/bg:fff/f:" + format);
        CAPTURE(format);
        CHECK(size_of(picture(dot)) == std::pair(50, 40));
    }
}
