#include <string>
#include <string_view>

#include "backend/conversion/formats.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST_CASE("A picture is known by its first bytes") {
    CHECK(sniff("\xFF\xD8\xFF\xE0\0\x10JFIF"sv) == SourceFormat::jpeg);
    CHECK(sniff("\x89PNG\r\n\x1A\n\0\0\0\rIHDR"sv) == SourceFormat::png);
    CHECK(sniff("RIFF\x10\0\0\0WEBPVP8 "sv) == SourceFormat::webp);
    CHECK(sniff("GIF87a\x01\0\x01\0"sv) == SourceFormat::gif);
    CHECK(sniff("GIF89a\x01\0\x01\0"sv) == SourceFormat::gif);
    CHECK(sniff("II*\0\x08\0\0\0"sv) == SourceFormat::tiff);
    CHECK(sniff("MM\0*\0\0\0\x08"sv) == SourceFormat::tiff);
    CHECK(sniff("\xFF\x0A\xFA\x1F"sv) == SourceFormat::jxl);
    CHECK(sniff("\0\0\0\x0CJXL \r\n\x87\n\0\0\0\x14"sv) == SourceFormat::jxl);
}

TEST_CASE("HEIF files are told apart by their brands") {
    CHECK(sniff("\0\0\0\x18"
                "ftypavif\0\0\0\0mif1miaf"sv) == SourceFormat::avif);
    CHECK(sniff("\0\0\0\x18"
                "ftypheic\0\0\0\0mif1heic"sv) == SourceFormat::heic);
    CHECK(sniff("\0\0\0\x18"
                "ftypmif1\0\0\0\0mif1avif"sv) == SourceFormat::avif);
    CHECK(sniff("\0\0\0\x18"
                "ftypmif1\0\0\0\0mif1heic"sv) == SourceFormat::heic);
}

TEST_CASE("A brand behind the end of its box does not count") {
    CHECK_FALSE(
        sniff("\0\0\0\x14"
              "ftypmif1\0\0\0\0mif1avif"sv));
    CHECK_FALSE(
        sniff("\0\0\0\x18"
              "ftypisom\0\0\0\0mp41iso2"sv));
}

TEST_CASE("Anything else is no picture") {
    CHECK_FALSE(sniff(""));
    CHECK_FALSE(sniff("\xFF\xD8"sv));
    CHECK_FALSE(sniff("<svg"));
    CHECK_FALSE(sniff("\x1F\x8B\x08\0\0\0\0\0"sv));
    CHECK_FALSE(sniff("%PDF-1.7"));
    CHECK_FALSE(sniff("RIFF\x10\0\0\0WAVEfmt "sv));
    CHECK_FALSE(
        sniff("\0\0\0\x18"
              "ftyp"sv));
}

TEST_CASE("A video is known by its first bytes, and no picture is one") {
    for (const std::string_view brand : {"isom"sv, "iso5"sv, "mp42"sv, "avc1"sv, "M4V "sv, "3gp5"sv, "qt  "sv}) {
        CAPTURE(brand);
        const std::string head =
            "\0\0\0\x18"
            "ftyp"s +
            std::string(brand) + "\0\0\0\0"s + std::string(brand) + "iso2";
        CHECK(is_video(head));
        CHECK_FALSE(sniff(head));
    }
    CHECK(is_video("\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01"sv));
    CHECK(is_video("RIFF\x10\0\0\0AVI LIST"sv));
    CHECK(is_video("\0\0\x01\xBA\x44"sv));
    CHECK(is_video("\0\0\0\x20moov\0\0\0\x6Cmvhd"sv));
    for (const std::string_view other : {"\xFF\xD8\xFF\xE0\0\x10JFIF"sv, "RIFF\x10\0\0\0WEBPVP8 "sv,
                                         "RIFF\x10\0\0\0WAVEfmt "sv, "GIF89a\x01\0\x01\0"sv,
                                         "\0\0\0\x18"
                                         "ftypavif\0\0\0\0mif1miaf"sv,
                                         "\0\0\0\x18"
                                         "ftypmif1\0\0\0\0mif1heic"sv,
                                         "\0\0\0\x0CJXL \r\n\x87\n"sv, ""sv, "Not a video."sv}) {
        CHECK_FALSE(is_video(other));
    }
}

TEST_CASE("No prefix of a picture's head makes sniffing read beyond it") {
    const std::string_view head =
        "\0\0\0\x18"
        "ftypmif1\0\0\0\0mif1heic"sv;
    for (std::size_t size = 0; size < head.size(); ++size) {
        const std::string prefix(head.substr(0, size));
        CHECK_FALSE(sniff(prefix));
    }
}

TEST_CASE("Each format has a name and a media type") {
    CHECK(name(SourceFormat::heic) == "heic");
    CHECK(media_type(SourceFormat::jpeg) == "image/jpeg");
    CHECK(media_type(SourceFormat::tiff) == "image/tiff");
    CHECK(name(SourceFormat::jxl) == "jxl");
    CHECK(media_type(SourceFormat::jxl) == "image/jxl");
    CHECK(source_format("svg") == SourceFormat::svg);
    CHECK_FALSE(source_format("jpg"));
}
