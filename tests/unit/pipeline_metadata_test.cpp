// What a result keeps of its source's metadata, read by exiftool.
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/photos.hpp"
#include "tests/support/process.hpp"
#include "tests/unit/pipeline_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

namespace fs = std::filesystem;

constexpr const char* kCopyright = "© 2026 Ann Müller (and you)";
constexpr const char* kArtist = "アン";

// A photograph as a telephone makes it: place, device, serial number, a thumbnail, XMP and IPTC.
fs::path with_everything(const TempDir& dir) {
    const fs::path path = photos::with_gps(photos::storm(), dir.path()).path;
    const RunResult result = run({"exiftool", "-q", "-overwrite_original", "-EXIF:Copyright=" + std::string(kCopyright),
                                  "-EXIF:Artist=" + std::string(kArtist), "-EXIF:Make=Example", "-EXIF:Model=Telephone",
                                  "-EXIF:SerialNumber=12345", "-EXIF:ImageDescription=secret",
                                  "-EXIF:UserComment=secret", "-EXIF:DateTimeOriginal=2026:01:01 00:00:00",
                                  "-XMP:Creator=secret", "-IPTC:By-line=secret", "-Comment=secret", path.string()});
    INFO(result.err);
    REQUIRE(result.ok());
    return path;
}

std::string tag(const fs::path& file, const std::string& name) {
    std::string value = run({"exiftool", "-s3", "-" + name, file.string()}).out;
    while (value.ends_with('\n')) value.pop_back();
    return value;
}

}  // namespace

TEST_CASE_METHOD(ConverterFixture,
                 "A link keeps copyright and artist in every format, and nothing else of the source") {
    const TempDir dir;
    const fs::path source = with_everything(dir);
    REQUIRE(tag(source, "EXIF:Copyright") == kCopyright);
    for (const std::string format : {"jpeg", "png", "webp", "avif"}) {
        CAPTURE(format);
        const Converted kept = convert_link(source, "w:160/kcr:1/f:" + format);
        REQUIRE(kept.reply.outcome == Outcome::ok);
        const fs::path result = dir / ("result." + format);
        write_file(result, kept.bytes);
        CHECK(tag(result, "EXIF:Copyright") == kCopyright);
        CHECK(tag(result, "EXIF:Artist") == kArtist);
        const ImageFacts facts = inspect(result);
        CHECK_FALSE(facts.has_gps);
        CHECK_FALSE(facts.has_xmp);
        CHECK(facts.width == 160);
        const std::string all = run({"exiftool", "-a", "-G", "-s", result.string()}).out;
        for (const std::string other : {"secret", "Example", "Telephone", "12345", "2026:01", "GPS", "Thumbnail"}) {
            INFO(all);
            CHECK(all.find(other) == std::string::npos);
        }
    }
}

// libvips up to 8.14 frees what HEIF carries with the image that was loaded, which is gone once its pixels are.
TEST_CASE_METHOD(ConverterFixture, "A copyright and a colour profile in AVIF or HEIC count as they do elsewhere") {
    const TempDir dir;
    const fs::path photo = with_everything(dir);
    const auto in_p3 = [&](const std::string& ending, const std::string& how = "") {
        const fs::path path = dir / ("source." + ending);
        const RunResult made =
            run({"vips", "icc_transform", photo.string(), path.string() + how, "p3", "--input-profile", "srgb"});
        INFO(made.err);
        REQUIRE(made.ok());
        REQUIRE(tag(path, "EXIF:Copyright") == kCopyright);
        return path;
    };
    const fs::path png = in_p3("png");
    for (const std::string format : {"avif", "heic"}) {
        const fs::path source = in_p3(format, "[effort=0,Q=90]");
        for (const std::string options : {"w:160/kcr:1/f:jpeg", "t:10/w:160/kcr:1/f:jpeg"}) {
            CAPTURE(format, options);
            const Converted kept = convert_link(source, options);
            CHECK(mean_error(picture(kept), picture(convert_link(png, options))) < 4);
            const fs::path result = dir / "result.jpeg";
            write_file(result, kept.bytes);
            CHECK(tag(result, "EXIF:Copyright") == kCopyright);
        }
    }
}

TEST_CASE_METHOD(ConverterFixture,
                 "A source without a copyright has none to keep, and without the option none is kept") {
    const TempDir plain;
    const TempDir full;
    const Converted bare = convert_link(photos::storm().path, "w:160");
    CHECK(convert_link(photos::with_gps(photos::storm(), plain.path()).path, "w:160/kcr:1").bytes == bare.bytes);
    CHECK(convert_link(with_everything(full), "w:160/kcr:0").bytes == bare.bytes);
}
