// Watermarks, put on by a real converter behind its sandbox, pixel by pixel against what the options say.
#include <functional>

#include "tests/support/files.hpp"
#include "tests/support/photos.hpp"
#include "tests/support/process.hpp"
#include "tests/unit/pipeline_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

namespace fs = std::filesystem;

constexpr const char* kConvert = "/usr/bin/convert";  // ImageMagick's
constexpr int kWidth = 120;                           // of the source
constexpr int kHeight = 80;
constexpr int kMarkWidth = 40;
constexpr int kMarkHeight = 20;

void tool(const std::vector<std::string>& argv) {
    const RunResult result = run(argv, {.timeout = 60s});
    INFO(argv.front() << ": " << result.err);
    REQUIRE(result.ok());
}

struct Rgba {
    Rgb colour;
    double alpha;
};

// The watermark: its left half is red and opaque, its right half blue and half transparent.
Rgba mark_at(int x, int y) {
    if (x < 0 || y < 0 || x >= kMarkWidth || y >= kMarkHeight) return {{}, 0};
    return x < kMarkWidth / 2 ? Rgba{{255, 0, 0}, 1} : Rgba{{0, 64, 255}, 128.0 / 255};
}

Rgb pixel(const Pixels& pixels, int x, int y) {
    const double wide = 1.0 / pixels.width();
    const double high = 1.0 / pixels.height();
    return pixels.mean(x * wide, y * high, (x + 1) * wide, (y + 1) * high);
}

// The largest difference of a channel anywhere between a result and a source with `shown` above it.
double distance(const Pixels& result, const Pixels& source, double opacity,
                const std::function<Rgba(int, int)>& shown) {
    REQUIRE((result.width() == source.width() && result.height() == source.height()));
    double largest = 0;
    for (int y = 0; y < result.height(); ++y) {
        for (int x = 0; x < result.width(); ++x) {
            const auto [colour, alpha] = shown(x, y);
            const Rgb under = pixel(source, x, y);
            const Rgb found = pixel(result, x, y);
            for (std::size_t i = 0; i < found.size(); ++i) {
                const double part = alpha * opacity;
                const double expected = colour.at(i) * part + under.at(i) * (1 - part);
                largest = std::max(largest, std::abs(found.at(i) - expected));
            }
        }
    }
    return largest;
}

double distance(const Pixels& result, const Pixels& source, double opacity, int left, int top) {
    return distance(result, source, opacity, [=](int x, int y) { return mark_at(x - left, y - top); });
}

constexpr double kRounding = 1.01;  // to whole levels, of the transparency and of the result

class Watermarks : public ConverterFixture {
  public:
    Watermarks() {
        tool({kConvert, photos::storm().path.string(), "-resize", "120x80!", "-strip", source.string()});
        tool({kConvert, "-size", "20x20", "xc:red", "xc:rgba(0,64,255,0.502)", "+append",
              "PNG32:" + (dir / "mark.png").string()});
        watermark = dir / "mark.png";
    }

    Pixels convert(const std::string& options) { return picture(convert_link(source, options + "/f:png")); }

    TempDir dir;
    fs::path source = dir / "source.png";
};

}  // namespace

TEST_CASE_METHOD(Watermarks, "A watermark lies where its position and offsets say, as opaque as it is to be") {
    struct Case {
        std::string options;
        double opacity;
        int left;
        int top;
    };
    const std::vector<Case> cases{{"wm:1", 1, 40, 30},
                                  {"wm:0.5", 0.5, 40, 30},
                                  {"wm:0.25:no", 0.25, 40, 0},
                                  {"wm:1:so", 1, 40, 60},
                                  {"wm:1:ea", 1, 80, 30},
                                  {"wm:1:we", 1, 0, 30},
                                  {"wm:1:noea", 1, 80, 0},
                                  {"wm:1:nowe", 1, 0, 0},
                                  {"wm:1:soea", 1, 80, 60},
                                  {"wm:1:sowe", 1, 0, 60},
                                  {"wm:0.7:soea:7:5", 0.7, 73, 55},
                                  {"wm:1:ce:10:-5", 1, 50, 25},
                                  {"wm:1:nowe:0.25:0.5", 1, 30, 40},
                                  {"wm:1:noea:-20:-10", 1, 100, -10},
                                  {"wm:1:so:0:-0.125", 1, 40, 70},
                                  {"wm:1:we:-100", 1, -39, 30},
                                  {"wm:1:no:0:200", 1, 40, 79},
                                  // The same composition at another density.
                                  {"w:60/dpr:2/wm:1:soea:5:10", 1, 70, 40},
                                  // What an earlier option said stays.
                                  {"wm:0.5:sowe:3:4/wm:1", 1, 3, 56}};
    const Pixels plain = Pixels::of(source);
    for (const auto& [options, opacity, left, top] : cases) {
        CAPTURE(options);
        CHECK(distance(convert(options), plain, opacity, left, top) <= kRounding);
    }
    CHECK(distance(convert("wm:0:soea:7:5"), plain, 0, 0, 0) == 0);
}

TEST_CASE_METHOD(Watermarks, "The operator's opacity and that of the link are multiplied") {
    watermark_opacity = 400;
    CHECK(distance(convert("wm:0.5:nowe"), Pixels::of(source), 0.2, 0, 0) <= kRounding);
}

TEST_CASE_METHOD(Watermarks, "Tiles cover a result from its middle, with the room between them that is asked for") {
    struct Case {
        std::string options;
        int across;  // from tile to tile
        int down;
        int left;  // of the one in the middle
        int top;
    };
    const std::vector<Case> cases{{"wm:1:re", 40, 20, 40, 30},
                                  {"wm:1:re:10:6", 50, 26, 40, 30},
                                  {"wm:1:re:0.25:0.1", 70, 28, 40, 30},
                                  {"wm:1:re:-10:-0.5", 40, 20, 40, 30},
                                  {"w:60/dpr:2/wm:1:re:5:3", 50, 26, 40, 30}};
    const Pixels plain = Pixels::of(source);
    for (const auto& [options, across, down, left, top] : cases) {
        CAPTURE(options);
        const auto shown = [&, across = across, down = down, left = left, top = top](int x, int y) {
            const auto in_tile = [](int at, int begin, int side) { return ((at - begin) % side + side) % side; };
            return mark_at(in_tile(x, left, across), in_tile(y, top, down));
        };
        CHECK(distance(convert(options), plain, 1, shown) <= kRounding);
    }
}

TEST_CASE_METHOD(Watermarks, "A scale makes a watermark as large as that part of the result holds") {
    struct Case {
        std::string options;
        int left;
        int top;
        int width;
        int height;
    };
    const std::vector<Case> cases{{"wm:1:ce:0:0:0.5", 30, 25, 60, 30},
                                  {"wm:1:soea:0:0:0.1", 108, 74, 12, 6},
                                  {"wm:1:nowe:0:0:1", 0, 0, 120, 60},
                                  {"rs:fill:60:80/wm:1:ce:0:0:0.5", 15, 33, 30, 15},
                                  {"wm:1:nowe:0:0:2", 0, 0, 240, 120}};
    for (const auto& [options, left, top, width, height] : cases) {
        CAPTURE(options);
        const Pixels marked = convert(options);
        const Pixels plain = convert(options.starts_with("rs") ? "rs:fill:60:80" : "wm:0");
        const double wide = 1.0 / marked.width();
        const double high = 1.0 / marked.height();
        // The middles of its halves, without the seams.
        const auto half = [&, left = left, top = top, width = width, height = height](double from, const Pixels& of) {
            return of.mean((left + (from + .1) * width) * wide, (top + .2 * height) * high,
                           std::min((left + (from + .4) * width) * wide, 1.0),
                           std::min((top + .8 * height) * high, 1.0));
        };
        const Rgb red = half(0, marked);
        CHECK((red[0] > 254 && red[1] < 1 && red[2] < 1));
        if (left + width <= marked.width()) {
            const Rgb blue = half(.5, marked);
            const Rgb under = half(.5, plain);
            CHECK(std::abs(blue[1] - (under[1] * 127 / 255 + 64.0 * 128 / 255)) < 2);
            CHECK(std::abs(blue[2] - (under[2] * 127 / 255 + 128)) < 2);
        }
        // Around it nothing changed.
        const auto beside = [&, left = left, top = top, width = width, height = height](int x, int y) {
            return x < left - 1 || y < top - 1 || x > left + width || y > top + height;
        };
        double largest = 0;
        for (int y = 0; y < marked.height(); ++y) {
            for (int x = 0; x < marked.width(); ++x) {
                if (!beside(x, y)) continue;
                largest = std::max(largest, std::abs(pixel(marked, x, y)[0] - pixel(plain, x, y)[0]));
            }
        }
        CHECK(largest == 0);
    }
}

TEST_CASE_METHOD(Watermarks, "A small tile covers a large result as it covers a small one") {
    tool({kConvert, "-size", "1x1", "xc:red", "PNG24:" + (dir / "dot.png").string()});
    watermark = dir / "dot.png";
    const Pixels covered = convert("w:2000/el:1/wm:1:re");
    CHECK(covered.width() == 2000);
    CHECK(covered.mean(0, 0, 1, 1) == Rgb{255, 0, 0});
    const Pixels dotted = convert("wm:1:re:1:1");
    CHECK(distance(dotted, Pixels::of(source), 1, [](int x, int y) {
              // Cells of 2 × 2, of which the one in the middle begins at (59, 39).
              const bool is_dot = x % 2 == 1 && y % 2 == 1;
              return is_dot ? Rgba{{255, 0, 0}, 1} : Rgba{{}, 0};
          }) == 0);
}

TEST_CASE_METHOD(Watermarks, "On transparency a watermark is as opaque as it is, and the rest stays transparent") {
    tool({kConvert, "-size", "120x80", "xc:none", "PNG32:" + source.string()});
    const Converted made = convert_link(source, "wm:1:nowe:5:6");
    CHECK(made.reply.format == Format::png);
    CHECK(made.reply.has_alpha);
    const Pixels white = Pixels::of(source);
    CHECK(distance(picture(made), white, 1, 5, 6) <= kRounding);
    const Pixels on_green = convert("bg:00ff00/wm:1:nowe:5:6");
    CHECK(distance(on_green, convert("bg:00ff00"), 1, 5, 6) <= kRounding);
    const Pixels on_white = picture(convert_link(source, "wm:1:nowe:5:6/f:jpeg/q:100"));
    CHECK(difference(on_white, picture(made)) < 3);
}

TEST_CASE_METHOD(Watermarks, "A watermark lies above everything else, padding and extension too") {
    const Pixels marked = convert("pd:10:20/bg:00ff00/bl:5/wm:1:nowe");
    REQUIRE((marked.width() == 160 && marked.height() == 100));
    CHECK(distance(marked, convert("pd:10:20/bg:00ff00/bl:5"), 1, 0, 0) <= kRounding);
    const Pixels extended = convert("s:200:200:0:1/bg:00ff00/wm:1:so");
    REQUIRE((extended.width() == 200 && extended.height() == 200));
    CHECK(distance(extended, convert("s:200:200:0:1/bg:00ff00"), 1, 80, 180) <= kRounding);
}

TEST_CASE_METHOD(Watermarks, "Grey pictures become coloured where the watermark is, and only there") {
    tool({kConvert, source.string(), "-colorspace", "Gray", (dir / "grey.png").string()});
    source = dir / "grey.png";
    CHECK(distance(convert("wm:1:soea"), Pixels::of(source), 1, 80, 60) <= kRounding);
    tool({kConvert, "-size", "40x20", "xc:gray(100)", "-colorspace", "Gray", (dir / "grey-mark.png").string()});
    watermark = dir / "grey-mark.png";
    const Converted made = convert_link(source, "wm:1:soea/f:png");
    write_file(dir / "made.png", made.bytes);
    CHECK(run({"vipsheader", "-f", "bands", (dir / "made.png").string()}).out == "1\n");
    CHECK(pixel(picture(made), 100, 70) == Rgb{100, 100, 100});
    const Pixels on_colours = picture(convert_link(photos::meadow().path, "w:120/wm:1:nowe/f:png"));
    CHECK(pixel(on_colours, 20, 10) == Rgb{100, 100, 100});
}

TEST_CASE_METHOD(Watermarks, "A watermark may be of any format that is read, turned as its EXIF says") {
    for (const std::string ending : {"jpg", "webp", "gif", "tif"}) {
        CAPTURE(ending);
        watermark = dir / ("red." + ending);
        tool({kConvert, "-size", "40x20", "xc:red", "-quality", "100", watermark.string()});
        const Rgb red = pixel(convert("wm:1:ce"), 60, 40);
        CHECK((red[0] > 250 && red[1] < 5 && red[2] < 5));
    }
    tool({kConvert, "-size", "40x20", "xc:red", "-quality", "100", (dir / "flat.jpg").string()});
    watermark = photos::with_orientation({dir / "flat.jpg", 40, 20}, 6, dir.path()).path;
    const Pixels upright = convert("wm:1:nowe");
    CHECK(pixel(upright, 10, 36)[1] < 5);
    CHECK(distance(upright.cropped(.25, 0, 1, 1), Pixels::of(source).cropped(.25, 0, 1, 1), 0, 0, 0) == 0);
}

TEST_CASE_METHOD(Watermarks, "What is wrong with a watermark is nobody's fault who asks for a picture") {
    const auto outcome = [&](const std::string& options) {
        const Converted made = convert_link(source, options);
        UNSCOPED_INFO(made.reply.detail.data());
        if (made.reply.outcome != Outcome::result_too_many_pixels) {
            CHECK_THAT(made.reply.detail.data(), starts_with("watermark: "));
        }
        return made.reply.outcome;
    };
    const std::string whole = read_file(watermark);
    watermark = dir / "damaged.png";
    write_file(watermark, whole.substr(0, whole.size() / 2));
    CHECK(outcome("wm:1") == Outcome::failed);
    write_file(watermark, "no picture");
    CHECK(outcome("wm:1") == Outcome::failed);
    watermark = photos::bomb(dir.path()).path;
    CHECK(outcome("wm:1") == Outcome::failed);
    watermark = dir / "not there";
    CHECK(outcome("wm:1") == Outcome::failed);
    // The next job is as good as any.
    CHECK(picture(convert_link(source, "w:60")).width() == 60);
    watermark = dir / "mark.png";
    CHECK(convert_link(photos::large().path, "wm:1:ce:0:0:10").reply.outcome == Outcome::result_too_many_pixels);
}
