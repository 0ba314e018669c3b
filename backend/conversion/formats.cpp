#include "backend/conversion/formats.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "backend/conversion/svg_sniff.hpp"

namespace thumbgate {
namespace {

using namespace std::string_view_literals;

struct FormatNames {
    std::string_view name;
    std::string_view media_type;
};

// In the order of SourceFormat.
constexpr std::array<FormatNames, 9> kNames{{
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"heic", "image/heic"},
    {"gif", "image/gif"},
    {"tiff", "image/tiff"},
    {"jxl", "image/jxl"},
    {"svg", "image/svg+xml"},
}};

constexpr std::array<std::pair<std::string_view, SourceFormat>, 10> kMagic{{
    {"\xFF\xD8\xFF"sv, SourceFormat::jpeg},
    {"\x89PNG\r\n\x1A\n"sv, SourceFormat::png},
    {"GIF87a"sv, SourceFormat::gif},
    {"GIF89a"sv, SourceFormat::gif},
    {"II*\0"sv, SourceFormat::tiff},
    {"MM\0*"sv, SourceFormat::tiff},
    {"II+\0"sv, SourceFormat::tiff},  // BigTIFF
    {"MM\0+"sv, SourceFormat::tiff},
    {"\xFF\x0A"sv, SourceFormat::jxl},  // pixels alone
    {"\0\0\0\x0CJXL \r\n\x87\n"sv, SourceFormat::jxl},
}};

// ISO base media files name the formats they follow in their first box: size, "ftyp", the major brand, a version, and
// compatible brands to the end of the box. A generic major brand (mif1) leaves it to a compatible one.
constexpr std::size_t kBrandSize = 4;
constexpr std::size_t kMajorBrand = 8;
constexpr std::size_t kCompatibleBrands = 16;

std::optional<SourceFormat> format_of_brand(std::string_view brand) {
    if (brand == "avif" || brand == "avis") return SourceFormat::avif;
    constexpr std::array kHeic{"heic"sv, "heix"sv, "heim"sv, "heis"sv, "hevc"sv, "hevx"sv, "hevm"sv, "hevs"sv};
    if (std::ranges::find(kHeic, brand) != kHeic.end()) return SourceFormat::heic;
    return std::nullopt;
}

std::size_t big_endian_32(std::string_view bytes) {
    std::size_t value = 0;
    for (const char byte : bytes.substr(0, 4)) value = value << 8U | static_cast<unsigned char>(byte);
    return value;
}

// First brands of MP4, M4V, 3GP and QuickTime. Of what else these files follow there is no end.
bool is_video_brand(std::string_view brand) {
    constexpr std::array kVideo{"iso"sv, "mp4"sv, "avc1"sv, "M4V"sv, "3gp"sv, "3g2"sv, "qt  "sv, "dash"sv, "f4v"sv};
    return std::ranges::any_of(kVideo, [&](std::string_view start) { return brand.starts_with(start); });
}

std::optional<SourceFormat> sniff_heif(std::string_view head) {
    if (head.size() < kCompatibleBrands || head.substr(4, 4) != "ftyp") return std::nullopt;
    if (const auto format = format_of_brand(head.substr(kMajorBrand, kBrandSize))) return format;
    const std::size_t end = std::min(head.size(), big_endian_32(head));
    for (std::size_t at = kCompatibleBrands; at + kBrandSize <= end; at += kBrandSize) {
        if (const auto format = format_of_brand(head.substr(at, kBrandSize))) return format;
    }
    return std::nullopt;
}

}  // namespace

std::string_view name(SourceFormat format) {
    return kNames.at(static_cast<std::size_t>(format)).name;
}
std::string_view media_type(SourceFormat format) {
    return kNames.at(static_cast<std::size_t>(format)).media_type;
}

std::optional<SourceFormat> source_format(std::string_view name) {
    const auto found = std::ranges::find(kNames, name, &FormatNames::name);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<SourceFormat>(found - kNames.begin());
}

std::optional<SourceFormat> sniff(std::string_view head) {
    for (const auto& [magic, format] : kMagic) {
        if (head.starts_with(magic)) return format;
    }
    if (head.starts_with("RIFF") && head.size() >= 12 && head.substr(8, 4) == "WEBP") return SourceFormat::webp;
    if (sniff_svg(head.substr(0, kLongestHead)) == Sniffed::yes) return SourceFormat::svg;
    return sniff_heif(head);
}

bool is_gzip(std::string_view head) {
    return head.starts_with("\x1F\x8B");
}

bool is_video(std::string_view head) {
    constexpr std::array kMagicOfVideo{"\x1A\x45\xDF\xA3"sv, "\0\0\x01\xBA"sv, "FLV\x01"sv};  // WebM, MPEG-PS
    if (std::ranges::any_of(kMagicOfVideo, [&](std::string_view magic) { return head.starts_with(magic); }))
        return true;
    if (head.size() < kMajorBrand + kBrandSize || sniff(head)) return false;
    const std::string_view second = head.substr(4, 4);
    const std::string_view third = head.substr(kMajorBrand, kBrandSize);
    if (head.starts_with("RIFF")) return third == "AVI ";
    // QuickTime of old begins with the film itself.
    return (second == "ftyp" && is_video_brand(third)) || second == "moov" || second == "mdat" || second == "wide";
}

}  // namespace thumbgate
