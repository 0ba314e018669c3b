// Every option in every format that can be asked for, on a real photograph, against ImageMagick. The results are also
// laid side by side in a contact sheet, contact-sheet.jpg beside the test program: a line an option, a column a format.
#include <array>
#include <fstream>

#include "backend/conversion/formats.hpp"
#include "tests/pictures/pictures.hpp"
#include "tests/support/photos.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

namespace fs = std::filesystem;

// What a format loses of its own, at its default quality: of SSIM, and of mean colours (see difference()).
struct FormatCase {
    std::string name;
    double loss;
};
const std::array<FormatCase, 4> kFormats{{{"png", 0}, {"jpeg", 0.05}, {"webp", 0.05}, {"avif", 0.05}}};
constexpr double kSameColours = 3;

// Of a photograph of 1920 × 1280 pixels.
const std::vector<PictureCase> kCases{
    {"w:300", "-filter Lanczos -resize 300x200!"},
    {"h:150", "-filter Lanczos -resize 225x150!"},
    {"w:80", "-filter Lanczos -resize 80x53!"},
    {"w:1000", "-filter Lanczos -resize 1000x667!"},
    {"rs:fit:300:300", "-filter Lanczos -resize 300x200!"},
    {"rs:fill:300:300", "-filter Lanczos -resize 450x300! -gravity center -crop 300x300+0+0"},
    {"rs:fill:300:100/g:so", "-filter Lanczos -resize 300x200! -gravity south -crop 300x100+0+0"},
    {"rs:fill:160:300/g:we", "-filter Lanczos -resize 450x300! -gravity west -crop 160x300+0+0"},
    {"rs:fill:200:200/g:noea:10:0", "-filter Lanczos -resize 300x200! -gravity northeast -crop 200x200+10+0"},
    {"rs:fill:160:320/g:fp:0.25:0.5", "-filter Lanczos -resize 480x320! -crop 160x320+40+0"},
    {"rs:force:300:300", "-filter Lanczos -resize 300x300!"},
    {"rs:auto:300:150", "-filter Lanczos -resize 300x200! -gravity center -crop 300x150+0+0"},
    {"rs:auto:150:300", "-filter Lanczos -resize 150x100!"},
    {"c:400:300/rs:fill-down:600:600", "-gravity center -crop 400x300+0+0 +repage -crop 300x300+0+0"},
    {"c:960:640:nowe:480:320/w:300", "-crop 960x640+480+320 +repage -filter Lanczos -resize 300x200!"},
    {"c:0.5:0.25:soea/w:240", "-gravity southeast -crop 960x320+0+0 +repage -filter Lanczos -resize 240x80!"},
    // What a minimum makes larger than the size is cut to the size.
    {"w:100/mw:300", "-filter Lanczos -resize 300x200! -gravity center -crop 100x200+0+0"},
    {"w:150/mh:200", "-filter Lanczos -resize 300x200! -gravity center -crop 150x200+0+0"},
    {"w:600/z:0.5", "-filter Lanczos -resize 300x200!"},
    {"w:150/dpr:2", "-filter Lanczos -resize 300x200!"},
    {"c:150:100/rs:fit:300:300:1", "-gravity center -crop 150x100+0+0 +repage -filter Lanczos -resize 300x200!", 0.95},
    {"rs:fit:300:300:0:1/bg:255:128:0",
     "-filter Lanczos -resize 300x200! -background #ff8000 -gravity center -extent 300x300"},
    {"w:300/h:160/exar:1:so/bg:0080ff",
     "-filter Lanczos -resize 240x160! -background #0080ff -gravity south -extent 300x160"},
    {"w:300/pd:10:20:30:40/bg:0080ff", "-filter Lanczos -resize 300x200! -background #0080ff -extent 360x240-40-10"},
    {"w:300/ar:0", "-filter Lanczos -resize 300x200!"},
    {"w:300/rot:90", "-rotate 90 -filter Lanczos -resize 300x450!"},
    {"w:300/rot:180", "-rotate 180 -filter Lanczos -resize 300x200!"},
    {"w:300/rot:270", "-rotate 270 -filter Lanczos -resize 300x450!"},
    {"w:300/fl:1", "-flop -filter Lanczos -resize 300x200!"},
    {"w:300/fl:0:1", "-flip -filter Lanczos -resize 300x200!"},
    {"w:300/bl:3", "-filter Lanczos -resize 300x200! -blur 0x3"},
    {"w:300/sh:1", "-filter Lanczos -resize 300x200! -unsharp 0x1+1+0", 0.93},
    {"w:300/pix:10", "-filter Lanczos -resize 300x200! -scale 30x20! -scale 300x200!"},
    {"w:300/wm:1", "-filter Lanczos -resize 300x200! MARK -gravity center -composite"},
    {"w:300/wm:0.5:soea:10:6",
     "-filter Lanczos -resize 300x200! ( MARK -channel A -evaluate multiply 0.5 +channel ) -gravity southeast "
     "-geometry +10+6 -composite"},
    {"w:300/wm:0.8:nowe:-20:0.1",
     "-filter Lanczos -resize 300x200! ( MARK -channel A -evaluate multiply 0.8 +channel ) -gravity northwest "
     "-geometry -20+20 -composite"},
    {"w:300/wm:1:no:0:0:0.8", "-filter Lanczos -resize 300x200! ( MARK -resize 240x120! ) -gravity north -composite"},
    {"w:300/wm:0.6:re",
     "-filter Lanczos -resize 300x200! ( MARK -channel A -evaluate multiply 0.6 +channel -virtual-pixel tile "
     "-set option:distort:viewport 300x200-0-75 -filter point -distort SRT 0 +repage ) -composite"},
    {"w:300/wm:1:re:50:50",
     "-filter Lanczos -resize 300x200! ( MARK -background none -gravity center -extent 150x100 -virtual-pixel tile "
     "-set option:distort:viewport 300x200-75-50 -filter point -distort SRT 0 +repage ) -composite"},
    {"w:150/dpr:2/pd:10/bg:0080ff/wm:1:sowe:8:8",
     "-filter Lanczos -resize 300x200! -background #0080ff -extent 340x240-20-20 MARK -gravity southwest "
     "-geometry +16+16 -composite"},
    {"w:300/q:95", "-filter Lanczos -resize 300x200!"},
    {"w:300/fq:jpeg:90:webp:90:avif:80", "-filter Lanczos -resize 300x200!"},
    {"w:300/mb:1000000", "-filter Lanczos -resize 300x200!"},
};

// 100 × 50 pixels: a frame, a half transparent field and a disc, on nothing.
void paint_watermark(const fs::path& file) {
    const RunResult painted = run({kImageMagick, "-size", "100x50", "xc:none", "-fill", "rgba(255,255,255,0.5)",
                                   "-stroke", "yellow", "-strokewidth", "4", "-draw", "rectangle 2,2 97,47", "-stroke",
                                   "none", "-fill", "red", "-draw", "circle 30,25 30,10", "PNG32:" + file.string()});
    INFO(painted.err);
    REQUIRE(painted.ok());
}

// A line a case, a column a format, each picture made to fit its cell.
class ContactSheet {
  public:
    // Through libvips: ImageMagick 6 lays AVIF out in the colours of another space.
    void add(const std::string& bytes) {
        const std::string file = dir_ / (std::to_string(files_.size()) + ".picture");
        write_file(file, bytes);
        files_.push_back(file + ".png");
        REQUIRE(run({"vips", "copy", file, files_.back()}).ok());
    }

    // Beside it a text with the options of each line.
    void write(const fs::path& target) const {
        std::vector<std::string> argv{"/usr/bin/montage"};
        argv.insert(argv.end(), files_.begin(), files_.end());
        for (const char* word : {"-tile", "4x", "-geometry", "150x112+3+3", "-background", "#cccccc"}) {
            argv.emplace_back(word);
        }
        argv.push_back(target.string());
        const RunResult result = run(argv);
        INFO(result.err);
        REQUIRE(result.ok());
        std::ofstream lines(fs::path(target).replace_extension("txt"));
        for (const PictureCase& one : kCases) lines << one.options << '\n';
    }

  private:
    TempDir dir_;
    std::vector<std::string> files_;
};

}  // namespace

TEST_CASE_METHOD(ConverterFixture, "Every option comes out right in every format, as ImageMagick sees it") {
    const TempDir dir;
    const Photo storm = photos::storm();
    watermark = dir / "mark.png";
    paint_watermark(watermark);
    ContactSheet sheet;
    for (const PictureCase& one : kCases) {
        CAPTURE(one.options);
        const std::string words = replace_all(one.words, "MARK", watermark.string());
        const Expected expected = expect_of(storm.path, words, dir / "expected.png");
        for (const FormatCase& format : kFormats) {
            CAPTURE(format.name);
            const Converted converted = convert_link(storm.path, one.options + "/f:" + format.name);
            const Pixels pixels = picture(converted);
            CHECK(name(sniff(converted.bytes).value()) == format.name);
            CHECK(pixels.width() == expected.pixels.width());
            CHECK(pixels.height() == expected.pixels.height());
            CHECK(difference(pixels, expected.pixels) < kSameColours);
            CHECK(ssim(luma_of_bytes(converted.bytes), expected.luma) > one.likeness - format.loss);
            sheet.add(converted.bytes);
        }
    }
    sheet.write(fs::read_symlink("/proc/self/exe").parent_path() / "contact-sheet.jpg");
}

TEST_CASE_METHOD(ConverterFixture, "A limit of bytes is kept in every format that gives up quality for it") {
    const Photo storm = photos::storm();
    const TempDir dir;
    const Expected expected = expect_of(storm.path, "-filter Lanczos -resize 300x200!", dir / "expected.png");
    for (const std::string format : {"jpeg", "webp"}) {
        CAPTURE(format);
        const Converted converted = convert_link(storm.path, "w:300/mb:6000/f:" + format);
        CHECK(converted.bytes.size() <= 6000);
        CHECK(ssim(luma_of_bytes(converted.bytes), expected.luma) > 0.7);
    }
}
