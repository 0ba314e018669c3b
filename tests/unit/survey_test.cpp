// What a picture's file is made of, counted without decoding it.
#include "backend/converter/survey.hpp"

#include "tests/support/bombs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/photos.hpp"
#include "tests/unit/pool_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr Survey kNoBounds{UINT64_MAX - 1, UINT64_MAX - 1, UINT64_MAX / 2, false};

Survey counted(const std::string& bytes, SourceFormat format, const Survey& bounds = kNoBounds) {
    const TempDir dir;
    write_file(dir / "picture", bytes);
    return survey(opened(dir / "picture").get(), format, bounds);
}

Survey counted(const Photo& photo, SourceFormat format) {
    return survey(opened(photo.path).get(), format, kNoBounds);
}

}  // namespace

TEST_CASE("A baseline JPEG has one scan, a progressive one several, and both the metadata of their cameras") {
    const Survey baseline = counted(photos::dune(), SourceFormat::jpeg);
    CHECK(baseline.scans == 1);
    CHECK(baseline.metadata_bytes > kLeastPiece);
    CHECK(baseline.metadata_bytes < 1 << 20);
    CHECK(counted(photos::flower(), SourceFormat::jpeg).scans == 10);
    CHECK(counted(photos::autumn(), SourceFormat::jpeg).scans == 10);
}

TEST_CASE("Scans are counted whatever stands between them") {
    CHECK(counted(bombs::jpeg_of_scans(64, 500), SourceFormat::jpeg).scans == 501);
    const std::string picture = bombs::jpeg_of_scans(64, 2);
    const std::string scan = picture.substr(picture.rfind("\xFF\xDA"));
    // Fill bytes, restart markers, stuffed bytes, and a segment that nobody knows.
    for (const std::string& between : {std::string("\xFF\xFF\xFF"), std::string("\xFF\xD0"), std::string("\xFF\0", 2),
                                       std::string("\xFF\x02\0\x04\xFF\xDA", 6), std::string(100'000, 'x')}) {
        CAPTURE(between.size());
        CHECK(counted(picture.substr(0, picture.size() - 2) + between + scan, SourceFormat::jpeg).scans == 4);
    }
}

TEST_CASE("Frames of WebP and GIF and pages of TIFF are counted") {
    CHECK(counted(bombs::gif(1, 1, 77), SourceFormat::gif).frames == 77);
    CHECK(counted(bombs::webp(1, 77), SourceFormat::webp).frames == 77);
    CHECK(counted(bombs::tiff_of_pages(77), SourceFormat::tiff).frames == 77);
    const TempDir dir;
    CHECK(counted(photos::converted(photos::meadow(), "webp", dir.path()), SourceFormat::webp).frames == 0);
    CHECK(counted(photos::converted(photos::meadow(), "tif", dir.path()), SourceFormat::tiff).frames == 1);
}

TEST_CASE("Text, profiles and boxes are metadata, and the smallest of them counts as two kibibytes") {
    const bombs::PngChunk text = bombs::compressed_text(1 << 30);
    CHECK(counted(bombs::png(9, 9), SourceFormat::png).metadata_bytes == 0);
    CHECK(counted(bombs::png(9, 9, false, {text, text}), SourceFormat::png).metadata_bytes == 2 * text.data.size());
    CHECK(counted(bombs::png(9, 9, false, {{"tEXt", ""}}), SourceFormat::png).metadata_bytes == kLeastPiece);
    CHECK(counted(bombs::jpeg_of_comments(50), SourceFormat::jpeg).metadata_bytes == 50 * kLeastPiece);
    CHECK(counted(bombs::avif_of_items(500), SourceFormat::avif).metadata_bytes > 500 * kLeastPiece);
    const TempDir dir;
    const Survey avif = counted(photos::converted(photos::meadow(), "avif", dir.path()), SourceFormat::avif);
    CHECK(avif.metadata_bytes > 10 * kLeastPiece);
    CHECK(avif.metadata_bytes < 100 * kLeastPiece);
}

TEST_CASE("What stands beside the pixels of a JPEG XL is metadata") {
    const auto box = [](const std::string& type, const std::string& data) {
        const auto size = static_cast<unsigned char>(data.size() + 8);
        return std::string(3, '\0') + static_cast<char>(size) + type + data;
    };
    const std::string head = box("JXL ", "\r\n\x87\n") + box("ftyp", "jxl ");
    CHECK(counted("\xFF\x0A pixels", SourceFormat::jxl).metadata_bytes == 0);
    CHECK(counted(head + box("jxlc", "pixels"), SourceFormat::jxl).metadata_bytes == 3 * kLeastPiece);
    const std::string large = std::string("\0\0\x10\x08", 4) + "Exif" + std::string(4096, 'x');
    CHECK(counted(head + large, SourceFormat::jxl).metadata_bytes == 2 * kLeastPiece + 4104);
    const TempDir dir;
    CHECK(counted(photos::converted(photos::meadow(), "jxl", dir.path()), SourceFormat::jxl).metadata_bytes <
          10 * kLeastPiece);
}

TEST_CASE("A length is believed as far as the file goes") {
    std::string png = bombs::png(9, 9, false, {{"tEXt", std::string(5000, 'x')}});
    png[33] = '\x7F';  // of the length of the chunk behind IHDR
    CHECK(counted(png, SourceFormat::png).metadata_bytes < 6000);
}

TEST_CASE("A GIF that ends in the middle of a frame is cut off, and one without an end mark is not") {
    const std::string whole = bombs::gif(20, 20, 3);
    REQUIRE(whole.ends_with(';'));
    CHECK_FALSE(counted(whole, SourceFormat::gif).is_cut_off);
    CHECK_FALSE(counted(whole.substr(0, whole.size() - 1), SourceFormat::gif).is_cut_off);
    CHECK(counted(whole.substr(0, whole.size() - 2), SourceFormat::gif).is_cut_off);
    CHECK(counted(whole.substr(0, whole.size() - 3), SourceFormat::gif).is_cut_off);
}

TEST_CASE("Counting ends where a limit is exceeded, also where the file has no end") {
    Survey bounds = kNoBounds;
    bounds.frames = 10;
    CHECK(counted(bombs::tiff_without_end(), SourceFormat::tiff, bounds).frames == 11);
    CHECK(counted(bombs::webp(1, 100), SourceFormat::webp, bounds).frames == 11);
    bounds.scans = 10;
    CHECK(counted(bombs::jpeg_of_scans(64, 100), SourceFormat::jpeg, bounds).scans == 11);
}

TEST_CASE("A file that is cut off anywhere is counted as far as it goes") {
    const std::vector<std::pair<std::string, SourceFormat>> files{
        {bombs::webp(1, 3), SourceFormat::webp},       {bombs::tiff_of_pages(3), SourceFormat::tiff},
        {bombs::avif_of_items(3), SourceFormat::avif}, {bombs::png(9, 9), SourceFormat::png},
        {bombs::gif(9, 9, 3), SourceFormat::gif},      {bombs::jpeg_of_scans(8, 3), SourceFormat::jpeg}};
    for (const auto& [whole, format] : files) {
        const Survey all = counted(whole, format);
        for (std::size_t size = 0; size < whole.size(); size += 7) {
            const Survey part = counted(whole.substr(0, size), format);
            CHECK(part.frames <= all.frames);
            CHECK(part.scans <= all.scans);
            CHECK(part.metadata_bytes <= all.metadata_bytes);
        }
    }
}
