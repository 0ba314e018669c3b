// What an inspection in a real converter, behind its sandbox, says of how a picture looks. The pictures are made, and
// turned upright, by ImageMagick and libvips' command line.
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

const std::string kField = "rgb(200,120,40)";

class Inspections : public ConverterFixture {
  public:
    JobReply inspected(const fs::path& source) {
        const JobReply reply = run_request(inspect_request(PoolConfig{}), source).reply;
        INFO(source << ": " << reply.detail.data());
        REQUIRE(reply.outcome == Outcome::ok);
        return reply;
    }

    static void tool(const std::vector<std::string>& argv) {
        const RunResult result = run(argv, {.timeout = 60s});
        INFO(argv.front() << ": " << result.err);
        REQUIRE(result.ok());
    }
    // What ImageMagick makes of these words, in a file of that name.
    fs::path magick(std::vector<std::string> words, const std::string& name) {
        words.insert(words.begin(), "/usr/bin/convert");
        words.push_back(dir / name);
        tool(words);
        return dir / name;
    }
    // Two thirds of it are of one colour, and the rest is black.
    fs::path field(const std::string& name, std::vector<std::string> how = {}) {
        std::vector<std::string> words{"-size", "240x160", "xc:" + kField,        "-fill",
                                       "black", "-draw",   "rectangle 0,0 79,159"};
        words.insert(words.end(), how.begin(), how.end());
        return magick(words, name);
    }

    TempDir dir;
};

bool is_near(Colour a, Colour b, int levels) {
    return std::abs(a.red - b.red) <= levels && std::abs(a.green - b.green) <= levels &&
           std::abs(a.blue - b.blue) <= levels;
}

// The mean colour that the first bytes of a ThumbHash hold, as its format describes them.
Rgb mean_of(const ThumbHash& hash) {
    const unsigned head = hash.bytes[0] | unsigned{hash.bytes[1]} << 8 | unsigned{hash.bytes[2]} << 16;
    const auto part = [&](unsigned from) { return static_cast<double>(head >> from & 63U); };
    const double luminance = part(0) / 63;
    const double yellow_blue = part(6) / 31.5 - 1;
    const double red_green = part(12) / 31.5 - 1;
    const double blue = luminance - 2. / 3 * yellow_blue;
    const double red = (3 * luminance - blue + red_green) / 2;
    return {255 * red, 255 * (red - red_green), 255 * blue};
}

}  // namespace

TEST_CASE_METHOD(Inspections, "A photograph's ThumbHash holds its mean colour, whatever it is stored as") {
    for (const Photo& photo : {photos::dune(), photos::flower(), photos::autumn()}) {
        CAPTURE(photo.path);
        const Rgb expected = Pixels::of(photo.path).mean(0, 0, 1, 1);
        for (const std::string ending : {"jpg", "png", "webp", "avif"}) {
            CAPTURE(ending);
            const fs::path file = ending == "jpg" ? photo.path : photos::converted(photo, ending, dir.path()).path;
            const JobReply reply = inspected(file);
            const Rgb mean = mean_of(reply.thumbhash);
            // Of 64 levels, and three channels that are computed from others.
            for (std::size_t i = 0; i < mean.size(); ++i) CHECK(std::abs(mean.at(i) - expected.at(i)) < 9);
            CHECK(reply.frames == 1);
            CHECK(reply.orientation == 1);
        }
    }
}

TEST_CASE_METHOD(Inspections, "A picture in any colours has its dominant colour in sRGB") {
    const Colour orange{200, 120, 40};
    CHECK(inspected(field("8.png")).dominant_colour == orange);
    CHECK(is_near(inspected(field("q.jpg", {"-quality", "97"})).dominant_colour, orange, 3));
    CHECK(is_near(inspected(field("16.png", {"-depth", "16"})).dominant_colour, orange, 1));
    CHECK(is_near(inspected(field("8.gif")).dominant_colour, orange, 1));
    tool({"vips", "colourspace", (dir / "8.png").string(), (dir / "float.tif").string(), "scrgb"});
    CHECK(is_near(inspected(dir / "float.tif").dominant_colour, orange, 1));
    const JobReply grey = inspected(field("grey.png", {"-colorspace", "Gray"}));
    CHECK(grey.dominant_colour.red == grey.dominant_colour.blue);
    CHECK(std::abs(grey.dominant_colour.red - 131) < 3);  // 0.2126, 0.7152 and 0.0722 of the three
    for (const std::string space : {"p3", "cmyk"}) {
        CAPTURE(space);
        const fs::path profiled = dir / (space + ".tif");
        tool({"vips", "icc_transform", (dir / "8.png").string(), profiled.string(), space, "--input-profile", "srgb"});
        CHECK(is_near(inspected(profiled).dominant_colour, orange, 8));
        const fs::path jpeg = dir / (space + ".jpg");
        tool({"vips", "jpegsave", profiled.string(), jpeg.string(), "--Q", "97"});
        CHECK(is_near(inspected(jpeg).dominant_colour, orange, 8));
    }
}

TEST_CASE_METHOD(Inspections, "What cannot be seen is not what most of a picture has") {
    const fs::path glass = magick({"-size", "240x160", "xc:rgba(0,0,255,0.1)", "-fill", kField, "-draw",
                                   "rectangle 0,0 79,159", "-define", "png:color-type=6"},
                                  "glass.png");
    const JobReply reply = inspected(glass);
    CHECK(reply.has_alpha);
    CHECK(reply.dominant_colour == Colour{200, 120, 40});
    CHECK_FALSE(inspected(field("opaque.png", {"-alpha", "set"})).has_alpha);
}

TEST_CASE_METHOD(Inspections, "In all eight orientations a picture is described as it is shown") {
    // Four colours, so that no two orientations look the same. The places that are looked at are of 4 × 4 pixels each.
    const fs::path stored =
        magick({"-size", "400x300", "xc:navy", "-fill", "orange", "-draw", "rectangle 0,0 299,99", "-fill", "red",
                "-draw", "rectangle 300,0 399,199", "-fill", "white", "-draw", "rectangle 0,200 99,299"},
               "stored.tif");
    const std::vector<std::string> names{"TopLeft", "TopRight", "BottomRight", "BottomLeft",
                                         "LeftTop", "RightTop", "RightBottom", "LeftBottom"};
    std::vector<std::string> hashes;
    for (std::size_t i = 0; i < names.size(); ++i) {
        CAPTURE(names[i]);
        const fs::path turned = magick({stored.string(), "-orient", names[i]}, "turned.tif");
        const fs::path upright = magick({turned.string(), "-auto-orient"}, "upright.tif");
        const JobReply reply = inspected(turned);
        const JobReply expected = inspected(upright);
        REQUIRE(expected.orientation == 1);
        CHECK(reply.orientation == i + 1);
        CHECK(reply.width == (i < 4 ? 400 : 300));
        CHECK(reply.width == expected.width);
        CHECK(reply.height == expected.height);
        CHECK(reply.thumbhash == expected.thumbhash);
        CHECK(reply.dominant_colour == expected.dominant_colour);
        CHECK(std::ranges::find(hashes, reply.thumbhash.text()) == hashes.end());
        hashes.emplace_back(reply.thumbhash.text());
    }
}

TEST_CASE_METHOD(Inspections, "Of an animation the first frame is described, and every frame counts for transparency") {
    const fs::path moving = magick({"-delay", "5", "-size", "120x80", "xc:red", "xc:blue", "xc:blue"}, "moving.gif");
    const JobReply opaque = inspected(moving);
    CHECK(opaque.frames == 3);
    CHECK(opaque.width == 120);
    CHECK(opaque.height == 80);
    CHECK(opaque.dominant_colour == Colour{255, 0, 0});
    CHECK(opaque.thumbhash == inspected(magick({"-size", "120x80", "xc:red"}, "still.png")).thumbhash);
    CHECK_FALSE(opaque.has_alpha);
    const fs::path strip = magick({"-size", "120x80", "xc:red", "xc:none", "-append"}, "strip.png");
    const fs::path clearing = dir / "clear.webp";
    tool({"vips", "webpsave", strip.string(), clearing.string(), "--lossless", "--page-height", "80"});
    const JobReply clear = inspected(clearing);
    CHECK(clear.frames == 2);
    CHECK(clear.has_alpha);
    CHECK(clear.dominant_colour == Colour{255, 0, 0});
    CHECK(inspected(magick({"-size", "120x80", "xc:red", "xc:blue"}, "pages.tif")).frames == 2);
}

TEST_CASE_METHOD(Inspections, "A picture of a single pixel, and one as long as can be, are described") {
    CHECK(inspected(magick({"-size", "1x1", "xc:" + kField}, "one.png")).dominant_colour == Colour{200, 120, 40});
    const JobReply line = inspected(magick({"-size", "1x5000", "xc:" + kField}, "line.png"));
    CHECK(line.height == 5000);
    CHECK(line.dominant_colour == Colour{200, 120, 40});
    CHECK(inspected(magick({"-size", "5000x9", "xc:" + kField}, "line.jpg")).thumbhash.size > 0);
}
