// Animated GIF and WebP in a real converter, behind its sandbox: made by ImageMagick, read by the vips command line.
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

constexpr const char* kConvert = "/usr/bin/convert";  // ImageMagick's
constexpr int kFrames = 5;
constexpr double kSamePicture = 3;  // see difference()
constexpr double kFewColours = 6;   // mean_error() of what a palette does to a photograph

void tool(const std::vector<std::string>& argv) {
    const RunResult result = run(argv, {.timeout = 60s});
    INFO(argv.front() << ": " << result.err);
    REQUIRE(result.ok());
}

// Written by the vips command line: one tall picture.
struct Strip {
    Pixels pixels;
    int frames;

    Pixels frame(int number) const {
        return pixels.cropped(0, static_cast<double>(number) / frames, 1, static_cast<double>(number + 1) / frames);
    }
};

class Animations : public ConverterFixture {
  public:
    // A photograph on which a red square moves to the right, 70 ms a frame, three times over.
    Animations() {
        std::vector<std::string> argv{kConvert, "-delay", "7", "-loop", "3"};
        for (int i = 0; i < kFrames; ++i) {
            const std::string left = std::to_string(i * 60);
            const std::string right = std::to_string(i * 60 + 40);
            tool({kConvert, photos::storm().path.string(), "-resize", "300x200!", "-fill", "red", "-draw",
                  "rectangle " + left + ",50 " + right + ",90", still(i).string()});
            argv.push_back(still(i).string());
        }
        argv.insert(argv.end(), {"-layers", "optimize", gif.string()});
        tool(argv);
        tool({"vips", "webpsave", gif.string() + "[n=-1]", webp.string(), "--Q", "95"});
    }

    fs::path still(int number) const { return dir / (std::to_string(number) + ".png"); }

    std::string field(const Converted& made, const std::string& name) {
        write_file(dir / "made", made.bytes);
        const RunResult result = run({"vipsheader", "-f", name, (dir / "made").string()});
        return result.ok() ? result.out.substr(0, result.out.find_last_not_of(" \n") + 1) : "none";
    }

    Strip strip(const Converted& made) {
        INFO("detail: " << made.reply.detail.data());
        REQUIRE(made.reply.outcome == Outcome::ok);
        const std::string frames = field(made, "n-pages");
        REQUIRE(frames != "none");
        tool({"vips", "copy", (dir / "made").string() + "[n=-1]", (dir / "made.png").string()});
        return {Pixels::of(dir / "made.png"), std::stoi(frames)};
    }

    Converted convert_accepting(const fs::path& source, FormatSet accepted) {
        const auto link = parse_link("/w:150/plain/photo://a", Presets{});
        REQUIRE(link);
        return run_request(convert_request(PoolConfig{}, reduce(*link, accepted)), source);
    }

    TempDir dir;
    fs::path gif = dir / "a.gif";
    fs::path webp = dir / "a.webp";
};

}  // namespace

TEST_CASE_METHOD(Animations, "An animation keeps its frames, their delays and how often it repeats") {
    for (const fs::path& source : {gif, webp}) {
        for (const std::string format : {"gif", "webp"}) {
            CAPTURE(source, format);
            const Converted made = convert_link(source, "w:150/f:" + format);
            CHECK(name(made.reply.format) == format);
            CHECK(made.reply.width == 150);
            CHECK(made.reply.height == 100);
            const Strip frames = strip(made);
            REQUIRE(frames.frames == kFrames);
            for (int i = 0; i < kFrames; ++i) {
                CHECK(difference(frames.frame(i), Pixels::of(still(i))) < kSamePicture);
            }
            CHECK(field(made, "delay") == "70 70 70 70 70");
            CHECK(field(made, "loop") == "3");
            CHECK_FALSE(inspect_bytes(made.bytes).has_metadata());
        }
    }
}

TEST_CASE_METHOD(Animations, "Every option does to each frame what it does to a still") {
    for (const std::string options :
         {"rs:fill:100:100/g:soea:5:3", "rs:fill:90:120/g:fp:0.2:0.9", "rs:force:80:120", "c:200:100:no:0:10/w:120",
          "w:120/rot:90/fl:1", "w:120/pd:5:10/bg:336699", "s:150:150:0:1:no", "w:150/bl:2/sh:1", "w:150/pix:6",
          "w:400/el:1", "rs:fill-down:400:900", "w:150/wm:0.7:soea:5:5:0.3", "w:150/wm:1:so:0:-20:0.4",
          "w:150/wm:0.5:re:9:9:0.2"}) {
        CAPTURE(options);
        watermark = photos::flower().path;
        const Converted moving = convert_link(gif, options + "/f:gif");
        const Strip frames = strip(moving);
        REQUIRE(frames.frames == kFrames);
        for (const int i : {0, 2, 4}) {
            CAPTURE(i);
            const Pixels expected = picture(convert_link(still(i), options + "/f:png"));
            const Pixels frame = frames.frame(i);
            REQUIRE((frame.width() == expected.width() && frame.height() == expected.height()));
            CHECK(mean_error(frame, expected) < kFewColours);
        }
    }
}

TEST_CASE_METHOD(Animations, "A smart crop shows the same part in every frame") {
    const Strip frames = strip(convert_link(gif, "rs:fill:60:200/g:sm/f:gif"));
    REQUIRE(frames.frames == kFrames);
    const Pixels first = picture(convert_link(still(0), "rs:fill:60:200/g:sm/f:png"));
    CHECK(mean_error(frames.frame(0), first) < kFewColours);
    // Where nothing moves.
    const auto sky = [](const Pixels& frame) { return frame.cropped(0, .6, 1, 1); };
    for (int i = 1; i < kFrames; ++i) CHECK(mean_error(sky(frames.frame(i)), sky(first)) < kFewColours);
}

TEST_CASE_METHOD(Animations, "Where no format is named, an animation comes as WebP if that is accepted, else as GIF") {
    const FormatSet only_webp = FormatSet().with(Format::webp);
    for (const fs::path& source : {gif, webp}) {
        CHECK(convert_accepting(source, only_webp).reply.format == Format::webp);
        CHECK(convert_accepting(source, only_webp.with(Format::avif)).reply.format == Format::webp);
        CHECK(convert_accepting(source, FormatSet().with(Format::avif)).reply.format == Format::gif);
        const Converted base = convert_accepting(source, {});
        CHECK(base.reply.format == Format::gif);
        CHECK(strip(base).frames == kFrames);
    }
    CHECK(convert_accepting(still(0), {}).reply.format == Format::jpeg);
}

TEST_CASE_METHOD(Animations, "A format that does not move gets the first frame") {
    for (const std::string format : {"jpeg", "png", "avif"}) {
        const Converted made = convert_link(gif, "w:150/f:" + format);
        CHECK(name(made.reply.format) == format);
        CHECK(difference(picture(made), Pixels::of(still(0))) < kSamePicture);
    }
}

TEST_CASE_METHOD(Animations, "An animation of too many pixels comes as its first frame") {
    const auto link = parse_link("/w:150/plain/photo://a", Presets{});
    REQUIRE(link);
    JobRequest request = convert_request(PoolConfig{}, reduce(*link, {}));
    request.max_animation_pixels = std::uint64_t{150} * 100 * kFrames;
    CHECK(strip(run_request(request, gif)).frames == kFrames);
    request.max_animation_pixels -= 1;
    const Converted still_one = run_request(request, gif);
    CHECK(still_one.reply.format == Format::jpeg);
    CHECK(difference(picture(still_one), Pixels::of(still(0))) < kSamePicture);
}

TEST_CASE_METHOD(Animations, "Transparent frames stay transparent") {
    tool({kConvert,   "-delay",     "5",     "-size", "40x40",
          "xc:none",  "-fill",      "blue",  "-draw", "circle 20,20 20,5",
          "(",        "+clone",     "-roll", "+5+0",  ")",
          "(",        "+clone",     "-roll", "+5+0",  ")",
          "-dispose", "Background", "-loop", "0",     (dir / "disc.gif").string()});
    for (const std::string format : {"gif", "webp"}) {
        const Converted made = convert_link(dir / "disc.gif", "w:20/f:" + format);
        REQUIRE(strip(made).frames == 3);
        CHECK(made.reply.has_alpha);
        const Rgb corner = strip(made).frame(2).mean(0, 0, .1, .1);
        CHECK((corner[0] > 250 && corner[1] > 250 && corner[2] > 250));
        CHECK(field(made, "loop") == "0");
    }
}

TEST_CASE_METHOD(Animations, "What is wrong with a later frame is found by the inspection") {
    CHECK(run_request(inspect_request(PoolConfig{}), gif).reply.outcome == Outcome::ok);
    for (const fs::path& source : {gif, webp}) {
        const std::string whole = read_file(source);
        write_file(dir / "part", whole.substr(0, whole.size() * 9 / 10));
        CHECK(run_request(inspect_request(PoolConfig{}), dir / "part").reply.outcome == Outcome::corrupt);
        CHECK(convert_link(dir / "part", "w:100").reply.outcome == Outcome::corrupt);
    }
}
