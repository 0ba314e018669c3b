// The pipeline in a real converter, behind its sandbox, on real photographs. What comes out is read by other programs.
#include <fcntl.h>
#include <sys/mman.h>

#include <chrono>

#include "backend/converter/channel.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/image.hpp"
#include "tests/support/photos.hpp"
#include "tests/support/process.hpp"
#include "tests/unit/pipeline_fixture.hpp"

using namespace thumbgate;

namespace {

using namespace thumbgate::test;
namespace fs = std::filesystem;

constexpr double kSamePicture = 3;  // see difference()
constexpr auto kNamed = [](Format format) {
    return [format](JobRequest& request) {
        request.format_is_named = true;
        request.format = format;
    };
};

JobRequest request_of(JobKind kind) {
    auto request = blank_message<JobRequest>();
    request.kind = kind;
    request.max_pixels = 100'000'000;
    request.max_side = 65'535;
    request.max_frames = 1000;
    request.max_scans = 100;
    request.max_metadata_bytes = 4 << 20;
    request.max_output_bytes = 32 << 20;
    return request;
}

class InConverter : public ConverterFixture {
  public:
    // Fits into width × height after each of `changes` had the request.
    template <typename... Changes>
    Converted convert(const fs::path& source, std::uint32_t width, std::uint32_t height, Changes... changes) {
        JobRequest request = request_of(JobKind::convert);
        request.width = width;
        request.height = height;
        (changes(request), ...);
        return run_request(request, source);
    }

    JobReply inspected(const fs::path& source) { return run_request(request_of(JobKind::inspect), source).reply; }
};

fs::path made_by_vips(const fs::path& target, const std::vector<std::string>& before, const Photo& photo,
                      const std::vector<std::string>& after) {
    std::vector<std::string> argv{"vips"};
    argv.insert(argv.end(), before.begin(), before.end());
    argv.insert(argv.end(), {photo.path.string(), target.string()});
    argv.insert(argv.end(), after.begin(), after.end());
    const RunResult result = run(argv);
    INFO(result.err);
    REQUIRE(result.ok());
    return target;
}

void fill(JobRequest& request) {
    request.resizing_type = ResizingType::fill;
}
void force(JobRequest& request) {
    request.resizing_type = ResizingType::force;
}
void enlarge(JobRequest& request) {
    request.enlarge = true;
}

}  // namespace

TEST_CASE_METHOD(InConverter, "A photograph comes out at exactly the size that is asked for, in every format") {
    for (const Format format : {Format::jpeg, Format::png, Format::webp, Format::avif}) {
        const auto named = kNamed(format);
        const auto size = [](const Pixels& pixels) { return std::pair(pixels.width(), pixels.height()); };
        CHECK(size(picture(convert(photos::storm().path, 320, 0, named))) == std::pair(320, 213));
        CHECK(size(picture(convert(photos::storm().path, 301, 299, named, fill))) == std::pair(301, 299));
        CHECK(size(picture(convert(photos::storm().path, 301, 299, named, force))) == std::pair(301, 299));
        const Converted fitted = convert(photos::storm().path, 160, 160, named);
        CHECK(size(picture(fitted)) == std::pair(160, 107));
        CHECK(fitted.reply.format == format);
        CHECK(difference(picture(fitted), Pixels::of(photos::storm().path)) < kSamePicture);
    }
}

TEST_CASE_METHOD(InConverter, "A photograph is enlarged only where that is allowed") {
    CHECK(picture(convert(photos::meadow().path, 1600, 0)).width() == 1280);
    CHECK(picture(convert(photos::meadow().path, 1600, 0, enlarge)).width() == 1600);
}

TEST_CASE_METHOD(InConverter, "All eight orientations come out upright, and are measured upright") {
    const TempDir dir;
    for (int orientation = 1; orientation <= 8; ++orientation) {
        CAPTURE(orientation);
        const Photo turned = photos::with_orientation(photos::storm(), orientation, dir.path());
        const Pixels upright = Pixels::of(photos::storm().path).oriented(orientation);
        const Converted converted = convert(turned.path, 300, 300);
        CHECK(difference(picture(converted), upright) < kSamePicture);
        CHECK(inspect_bytes(converted.bytes).orientation == 1);
        const JobReply facts = inspected(turned.path);
        CHECK(facts.width == static_cast<std::uint32_t>(upright.width()));
        CHECK(facts.height == static_cast<std::uint32_t>(upright.height()));
        // The gravity is that of the upright picture.
        const auto north = [](JobRequest& request) { request.gravity = Gravity::north; };
        const double shown = 100.0 / 400 * upright.width() / upright.height();
        CHECK(difference(picture(convert(turned.path, 400, 100, fill, north)), upright.cropped(0, 0, 1, shown)) <
              kSamePicture);
    }
}

TEST_CASE_METHOD(InConverter, "No metadata survives, and no profile") {
    const TempDir dir;
    const Photo photo = photos::with_gps(photos::dune(), dir.path());
    REQUIRE(inspect(photo.path).has_gps);
    const fs::path png = photos::converted(photo, "png", dir.path()).path;
    for (const fs::path& source : {photo.path, png}) {
        for (const Format format : {Format::jpeg, Format::png, Format::webp, Format::avif}) {
            const ImageFacts facts = inspect_bytes(convert(source, 200, 0, kNamed(format)).bytes);
            INFO(source << " to " << facts);
            CHECK(facts.width == 200);
            CHECK_FALSE(facts.has_metadata());
            CHECK_FALSE(facts.has_icc);
        }
    }
}

TEST_CASE_METHOD(InConverter, "No metadata survives where not a pixel is changed") {
    const TempDir dir;
    const Photo photo = photos::with_gps(photos::dune(), dir.path());
    for (const Format format : {Format::jpeg, Format::webp}) {
        CHECK_FALSE(inspect_bytes(convert(photo.path, 0, 0, kNamed(format)).bytes).has_metadata());
    }
}

TEST_CASE_METHOD(InConverter, "Colours come out as they were, whatever space they are stored in") {
    const TempDir dir;
    const Photo photo = photos::flower();
    const Pixels original = Pixels::of(photo.path);
    const std::vector<std::string> from_srgb{"--input-profile", "srgb"};
    const auto profiled = [&](const char* name, const std::string& profile) {
        std::vector<std::string> after{profile};
        after.insert(after.end(), from_srgb.begin(), from_srgb.end());
        return made_by_vips(dir / name, {"icc_transform"}, photo, after);
    };
    const auto stored_as = [&](const char* name, const char* space) {
        return made_by_vips(dir / name, {"colourspace"}, photo, {space});
    };
    CHECK(difference(picture(convert(profiled("p3.jpg", "p3"), 300, 0)), original) < kSamePicture);
    // The gamut of a printer is smaller: compared with what another program makes of it.
    const fs::path cmyk = profiled("cmyk.jpg", "cmyk");
    const fs::path proof = made_by_vips(dir / "proof.png", {"icc_transform"}, {cmyk, 0, 0}, {"srgb", "--embedded"});
    CHECK(difference(picture(convert(cmyk, 300, 0)), Pixels::of(proof)) < kSamePicture);
    CHECK(difference(picture(convert(stored_as("16.png", "rgb16"), 300, 0)), original) < kSamePicture);
    CHECK(difference(picture(convert(stored_as("lab.tif", "lab"), 300, 0)), original) < kSamePicture);
    const Pixels grey = Pixels::of(stored_as("grey.png", "b-w"));
    CHECK(difference(picture(convert(dir / "grey.png", 300, 0)), grey) < kSamePicture);
    CHECK(difference(picture(convert(stored_as("grey16.png", "grey16"), 300, 0)), grey) < kSamePicture);
}

TEST_CASE_METHOD(InConverter, "Every format that is read comes out right") {
    const TempDir dir;
    const Photo photo = photos::meadow();
    const Pixels original = Pixels::of(photo.path);
    const std::vector<std::pair<const char*, SourceFormat>> formats{
        {"png", SourceFormat::png},   {"webp", SourceFormat::webp}, {"avif", SourceFormat::avif},
        {"heic", SourceFormat::heic}, {"gif", SourceFormat::gif},   {"tif", SourceFormat::tiff},
        {"jxl", SourceFormat::jxl}};
    for (const auto& [ending, format] : formats) {
        CAPTURE(ending);
        const fs::path path = photos::converted(photo, ending, dir.path()).path;
        const JobReply facts = inspected(path);
        INFO("detail: " << facts.detail.data());
        CHECK(facts.outcome == Outcome::ok);
        CHECK(facts.source_format == format);
        CHECK(facts.width == 1280);
        CHECK(facts.height == 1024);
        CHECK_FALSE(facts.has_alpha);
        CHECK(difference(picture(convert(path, 320, 320)), original) < 4);
        CHECK(difference(picture(convert(path, 400, 200, fill)), original.cropped(0, .1875, 1, .8125)) < 5);
    }
}

TEST_CASE_METHOD(InConverter, "Transparency is kept where the format can, and flattened on white where it cannot") {
    const TempDir dir;
    const fs::path source = photos::with_alpha(photos::storm(), dir.path()).path;
    CHECK(inspected(source).has_alpha);
    const Converted base = convert(source, 300, 0);
    CHECK(base.reply.format == Format::png);
    for (const Format format : {Format::png, Format::webp, Format::avif}) {
        CHECK(inspect_bytes(convert(source, 300, 0, kNamed(format)).bytes).has_alpha);
    }
    const Pixels flat = picture(convert(source, 300, 0, kNamed(Format::jpeg)));
    CHECK(difference(flat, Pixels::of(source)) < kSamePicture);
}

TEST_CASE_METHOD(InConverter, "An alpha channel that hides nothing is not kept") {
    const TempDir dir;
    const fs::path source = made_by_vips(dir / "opaque.png", {"bandjoin_const"}, photos::storm(), {"255"});
    REQUIRE(inspect(source).has_alpha);
    CHECK_FALSE(inspected(source).has_alpha);
    CHECK(convert(source, 300, 0).reply.format == Format::jpeg);
}

TEST_CASE_METHOD(InConverter, "The best accepted format is taken") {
    const auto accepting = [](FormatSet set) { return [set](JobRequest& request) { request.accepted = set; }; };
    const fs::path source = photos::meadow().path;
    CHECK(convert(source, 160, 0).reply.format == Format::jpeg);
    CHECK(convert(source, 160, 0, accepting(FormatSet().with(Format::webp))).reply.format == Format::webp);
    const FormatSet both = FormatSet().with(Format::webp).with(Format::avif);
    CHECK(convert(source, 160, 0, accepting(both)).reply.format == Format::avif);
}

TEST_CASE_METHOD(InConverter, "The quality is the one asked for") {
    const auto at = [](std::uint32_t quality) { return [=](JobRequest& request) { request.quality = quality; }; };
    for (const Format format : {Format::jpeg, Format::webp, Format::avif}) {
        const auto size = [&](auto... changes) {
            return convert(photos::dune().path, 320, 0, kNamed(format), changes...).bytes.size();
        };
        CHECK(size(at(30)) < size());
        CHECK(size() < size(at(95)));
    }
}

TEST_CASE_METHOD(InConverter, "A picture that was cut off is refused, by inspection and by conversion") {
    const TempDir dir;
    std::vector<Photo> pictures{photos::storm(), photos::flower()};  // baseline, progressive
    for (const char* ending : {"png", "webp", "avif", "gif", "tif"}) {
        pictures.push_back(photos::converted(photos::meadow(), ending, dir.path()));
    }
    for (const Photo& whole : pictures) {
        for (const double keep : {.3, .9, .99}) {
            CAPTURE(whole.path, keep);
            const fs::path part = photos::truncated(whole, keep, dir.path()).path;
            CHECK(inspected(part).outcome == Outcome::corrupt);
            CHECK(convert(part, 160, 0).reply.outcome == Outcome::corrupt);
        }
    }
}

TEST_CASE_METHOD(InConverter, "What is no picture is told from what is a broken one") {
    const TempDir dir;
    write_file(dir / "text", "Not a picture.\n");
    write_file(dir / "empty", "");
    write_file(dir / "svg", "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>");
    write_file(dir / "garbage", "\xFF\xD8\xFF\xE0 and so on, and so on, and so on, and so on, and so on");
    for (const char* name : {"text", "empty"}) CHECK(inspected(dir / name).outcome == Outcome::unsupported);
    CHECK(inspected(dir / "svg").outcome == Outcome::no_codec);
    const JobReply reply = inspected(dir / "garbage");
    CHECK(reply.outcome == Outcome::corrupt);
    CHECK_THAT(std::string(reply.detail.data()), contains("open: "));
}

TEST_CASE_METHOD(InConverter, "A decompression bomb is refused before it is decoded") {
    const TempDir dir;
    const fs::path bomb = photos::bomb(dir.path()).path;
    converter.replace();
    const auto started = std::chrono::steady_clock::now();
    CHECK(inspected(bomb).outcome == Outcome::too_many_pixels);
    CHECK(convert(bomb, 160, 0).reply.outcome == Outcome::too_many_pixels);
    CHECK(std::chrono::steady_clock::now() - started < std::chrono::milliseconds(200));
}

TEST_CASE_METHOD(InConverter, "A result is bounded in bytes and in pixels") {
    const auto at_most = [](std::uint64_t bytes) { return [=](JobRequest& job) { job.max_output_bytes = bytes; }; };
    const Converted small = convert(photos::dune().path, 640, 0);
    CHECK(convert(photos::dune().path, 640, 0, at_most(small.bytes.size())).reply.outcome == Outcome::ok);
    for (const Format format : {Format::jpeg, Format::png, Format::webp, Format::avif}) {
        CHECK(convert(photos::dune().path, 640, 0, at_most(1000), kNamed(format)).reply.outcome == Outcome::too_large);
    }
    CHECK(convert(photos::dune().path, 60000, 60000, fill, enlarge).reply.outcome == Outcome::result_too_many_pixels);
    CHECK(convert(photos::dune().path, 17000, 100, enlarge, force, kNamed(Format::webp)).reply.outcome ==
          Outcome::result_side_too_long);
}

TEST_CASE_METHOD(InConverter, "A smart crop has the size that is asked for, and shows a part of the picture") {
    const auto smart = [](JobRequest& request) { request.gravity = Gravity::smart; };
    const Converted converted = convert(photos::storm().path, 200, 400, fill, smart);
    CHECK(picture(converted).width() == 200);
    CHECK(picture(converted).height() == 400);
}

TEST_CASE_METHOD(InConverter, "The descriptor may have been read before") {
    const thumbgate::UniqueFd in(open(photos::meadow().path.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(lseek(in.get(), 0, SEEK_END) > 0);
    CHECK(converter.run(request_of(JobKind::inspect), {.source = in.get()}).outcome == Outcome::ok);
}
