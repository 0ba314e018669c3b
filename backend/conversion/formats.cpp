#include "backend/conversion/formats.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace thumbgate {
namespace {

using namespace std::string_view_literals;

struct FormatNames {
    std::string_view name;
    std::string_view media_type;
};

// In the order of SourceFormat.
constexpr std::array<FormatNames, 7> kNames{{
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"heic", "image/heic"},
    {"gif", "image/gif"},
    {"tiff", "image/tiff"},
}};

constexpr std::array<std::pair<std::string_view, SourceFormat>, 8> kMagic{{
    {"\xFF\xD8\xFF"sv, SourceFormat::jpeg},
    {"\x89PNG\r\n\x1A\n"sv, SourceFormat::png},
    {"GIF87a"sv, SourceFormat::gif},
    {"GIF89a"sv, SourceFormat::gif},
    {"II*\0"sv, SourceFormat::tiff},
    {"MM\0*"sv, SourceFormat::tiff},
    {"II+\0"sv, SourceFormat::tiff},  // BigTIFF
    {"MM\0+"sv, SourceFormat::tiff},
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

std::optional<SourceFormat> sniff(std::string_view head) {
    for (const auto& [magic, format] : kMagic) {
        if (head.starts_with(magic)) return format;
    }
    if (head.starts_with("RIFF") && head.size() >= 12 && head.substr(8, 4) == "WEBP") return SourceFormat::webp;
    return sniff_heif(head);
}

}  // namespace thumbgate
