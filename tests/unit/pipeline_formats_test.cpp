// Formats and colour spaces in a real converter, behind its sandbox. What is expected is made by ImageMagick, with
// littlecms and its own codecs.
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/image.hpp"
#include "tests/support/json.hpp"
#include "tests/support/photos.hpp"
#include "tests/support/process.hpp"
#include "tests/unit/pipeline_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

namespace fs = std::filesystem;

constexpr double kSameColours = 1.5;  // mean_error() of two programs' arithmetic
constexpr double kUnconverted = 6;    // of a picture whose profile nobody looked at

class Formats : public ConverterFixture {
  public:
    Formats() {
        magick({photos::flower().path.string(), "-resize", "480", "-strip", original.string()});
        for (const char* space : {"p3", "cmyk", "srgb"}) {
            tool({"vips", "icc_export", original.string(), (dir / "profiled.tif").string(), "--output-profile", space});
            const RunResult profile = run({"exiftool", "-icc_profile", "-b", (dir / "profiled.tif").string()});
            REQUIRE(profile.ok());
            write_file(profile_of(space), profile.out);
        }
    }

    std::string profile_of(const std::string& space) const { return dir / (space + ".icc"); }

    static void tool(const std::vector<std::string>& argv) {
        const RunResult result = run(argv, {.timeout = 60s});
        INFO(argv.front() << ": " << result.err);
        REQUIRE(result.ok());
    }
    static void magick(std::vector<std::string> words) {
        words.insert(words.begin(), "/usr/bin/convert");
        tool(words);
    }
    // The original in another space, as a file.
    fs::path stored(const std::string& name, const std::string& space, const std::vector<std::string>& how = {}) {
        std::vector<std::string> words{original.string(), "-profile", profile_of("srgb"), "-profile",
                                       profile_of(space)};
        words.insert(words.end(), how.begin(), how.end());
        words.push_back(dir / name);
        magick(words);
        return dir / name;
    }
    // What ImageMagick makes of it.
    Pixels in_srgb(const fs::path& file, const std::vector<std::string>& how) {
        std::vector<std::string> words{file.string()};
        words.insert(words.end(), how.begin(), how.end());
        words.insert(words.end(), {"-depth", "8", "+profile", "*", (dir / "expected.png").string()});
        magick(words);
        return Pixels::of(dir / "expected.png");
    }
    Pixels in_srgb(const fs::path& file) { return in_srgb(file, {"-profile", profile_of("srgb")}); }

    // 2: RGB, 3: a palette.
    int colour_type(const std::string& png) {
        write_file(dir / "made.png", png);
        const RunResult result = run({"exiftool", "-json", "-n", "-PNG:ColorType", (dir / "made.png").string()});
        return parse_json(result.out).at(0).at("ColorType").to_number<int>();
    }

    TempDir dir;
    fs::path original = dir / "original.png";
};

}  // namespace

TEST_CASE_METHOD(Formats, "Colours of a wide gamut come out in sRGB, from 8 bits and from 16") {
    for (const auto& [name, how] : std::vector<std::pair<std::string, std::vector<std::string>>>{
             {"p3.jpg", {"-quality", "97"}}, {"p3.png", {}}, {"p3-16.png", {"-depth", "16"}}, {"p3.tif", {}}}) {
        CAPTURE(name);
        const fs::path source = stored(name, "p3", how);
        const Pixels made = picture(convert_link(source, "f:png"));
        CHECK(mean_error(made, in_srgb(source)) < kSameColours);
        CHECK(mean_error(made, Pixels::of(original)) < kSameColours);
        CHECK(mean_error(in_srgb(source, {"+profile", "*"}), Pixels::of(original)) > kSameColours);
    }
}

TEST_CASE_METHOD(Formats, "CMYK comes out as its profile says") {
    for (const std::string name : {"cmyk.jpg", "cmyk.tif"}) {
        CAPTURE(name);
        const fs::path source = stored(name, "cmyk", {"-quality", "97"});
        const Pixels made = picture(convert_link(source, "f:png"));
        CHECK(mean_error(made, in_srgb(source)) < kSameColours);
        CHECK(mean_error(made, in_srgb(source, {"+profile", "*", "-colorspace", "sRGB"})) > kUnconverted);
    }
}

TEST_CASE_METHOD(Formats, "CMYK without a profile comes out as a press would print it") {
    for (const std::string name : {"cmyk.jpg", "cmyk.tif"}) {
        CAPTURE(name);
        const fs::path tagged = stored(name, "cmyk", {"-quality", "97"});
        const fs::path source = dir / ("bare-" + name);
        magick({tagged.string(), "+profile", "*", "-quality", "97", source.string()});
        const Pixels made = picture(convert_link(source, "f:png"));
        CHECK(mean_error(made, in_srgb(tagged)) < 2 * kSameColours);
    }
}

TEST_CASE_METHOD(Formats, "16 bits, shades of grey and palettes come out as they look") {
    const std::vector<std::pair<std::string, std::vector<std::string>>> ways{
        {"16.png", {"-depth", "16"}},
        {"16.tif", {"-depth", "16"}},
        {"grey.png", {"-colorspace", "Gray"}},
        {"grey.jpg", {"-colorspace", "Gray", "-quality", "97"}},
        {"grey16.tif", {"-colorspace", "Gray", "-depth", "16"}},
        {"grey-alpha.png", {"-colorspace", "Gray", "-alpha", "set", "-channel", "A", "-evaluate", "set", "50%"}},
        {"palette.png", {"-colors", "200", "-type", "Palette"}},
        {"palette.tif", {"-colors", "200", "-type", "Palette"}},
        {"palette.gif", {"-colors", "200"}},
        {"two.png", {"-colorspace", "Gray", "-type", "bilevel"}},
    };
    for (const auto& [name, how] : ways) {
        CAPTURE(name);
        std::vector<std::string> words{original.string()};
        words.insert(words.end(), how.begin(), how.end());
        words.push_back(dir / name);
        magick(words);
        const Pixels expected =
            in_srgb(dir / name, {"-background", "white", "-alpha", "remove", "-colorspace", "sRGB"});
        CHECK(mean_error(picture(convert_link(dir / name, "f:png")), expected) < kSameColours);
    }
}

TEST_CASE_METHOD(Formats, "A link gets the GIF or the JPEG XL that it names") {
    for (const std::string format : {"gif", "jxl"}) {
        CAPTURE(format);
        const Converted made = convert_link(original, "w:240/f:" + format);
        REQUIRE(name(made.reply.format) == format);
        CHECK(inspect_bytes(made.bytes).format == format);
        CHECK_FALSE(inspect_bytes(made.bytes).has_metadata());
        CHECK(mean_error(picture(made), picture(convert_link(original, "w:240/f:png"))) < kUnconverted);
    }
    CHECK(convert_link(original, "w:240/q:40/f:jxl").bytes.size() <
          convert_link(original, "w:240/q:90/f:jxl").bytes.size());
}

TEST_CASE_METHOD(Formats, "A GIF of ours is the same picture for another program") {
    const Converted made = convert_link(original, "w:240/f:gif");
    write_file(dir / "made.gif", made.bytes);
    CHECK(mean_error(in_srgb(dir / "made.gif", {}), Pixels::of_bytes(made.bytes)) == 0);
}

TEST_CASE_METHOD(Formats, "A PNG of few colours has a palette, and exactly its pixels") {
    for (const char* colours : {"2", "4", "16", "17", "200", "256"}) {
        CAPTURE(colours);
        const fs::path few = dir / "few.png";
        magick({original.string(), "+dither", "-colors", colours, "-define", "png:color-type=2", few.string()});
        const Converted made = convert_link(few, "f:png");
        CHECK(colour_type(made.bytes) == 3);
        CHECK(mean_error(picture(made), Pixels::of(few)) == 0);
        CHECK(made.bytes.size() < fs::file_size(few));
    }
    const Converted photograph = convert_link(original, "f:png");
    CHECK(colour_type(photograph.bytes) == 2);
    CHECK(mean_error(picture(photograph), Pixels::of(original)) == 0);
}

TEST_CASE_METHOD(Formats, "A drawing with transparency keeps every shade of it in a palette") {
    const fs::path drawing = dir / "drawing.png";
    magick({"-size", "200x100", "xc:none", "-fill", "navy", "-draw", "circle 100,50 100,10", "-fill", "#ff880080",
            "-draw", "rectangle 10,10 90,90", "PNG32:" + drawing.string()});
    const Converted made = convert_link(drawing, "f:png");
    CHECK(colour_type(made.bytes) == 3);
    CHECK(made.reply.has_alpha);
    write_file(dir / "made.png", made.bytes);
    for (const std::string background : {"white", "black", "lime"}) {
        const std::vector<std::string> on{"-background", background, "-alpha", "remove", "-alpha", "off"};
        CHECK(mean_error(in_srgb(dir / "made.png", on), in_srgb(drawing, on)) == 0);
    }
}

TEST_CASE_METHOD(Formats, "Of a TIFF of several pages the first is shown") {
    const fs::path pages = dir / "pages.tif";
    magick({original.string(), "(", original.string(), "-negate", ")", pages.string()});
    CHECK(mean_error(picture(convert_link(pages, "f:png")), Pixels::of(original)) == 0);
}

TEST_CASE_METHOD(Formats, "A JPEG XL that its library complains about costs no converter") {
    const std::string whole = read_file(photos::converted(photos::meadow(), "jxl", dir.path()).path);
    for (std::size_t at = 100; at < whole.size(); at += whole.size() / 40) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(~damaged[at]);
        write_file(dir / "damaged.jxl", damaged);
        CHECK_NOTHROW(run_request(inspect_request(PoolConfig{}), dir / "damaged.jxl"));
    }
}

TEST_CASE_METHOD(Formats, "HEIC and JPEG XL that are cut off are refused") {
    for (const char* ending : {"heic", "jxl"}) {
        const Photo whole = photos::converted(photos::meadow(), ending, dir.path());
        for (const double keep : {.3, .9, .99}) {
            CAPTURE(ending, keep);
            const fs::path part = photos::truncated(whole, keep, dir.path()).path;
            CHECK(run_request(inspect_request(PoolConfig{}), part).reply.outcome == Outcome::corrupt);
            CHECK(convert_link(part, "w:160").reply.outcome == Outcome::corrupt);
        }
    }
}
