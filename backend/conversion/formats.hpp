// Names of source formats, and what their first bytes are: the broker looks at a picture's magic bytes and no further.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "backend/converter/protocol.hpp"

namespace thumbgate {

// For a person: what is read.
inline constexpr std::string_view kReadFormats = "JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF, JPEG XL or SVG";

std::string_view name(SourceFormat format);        // "jpeg"
std::string_view media_type(SourceFormat format);  // "image/jpeg"
std::optional<SourceFormat> source_format(std::string_view name);

// What an SVG has to begin within; of any other format the first 32 bytes are enough.
inline constexpr std::size_t kLongestHead = 4096;

// `head`: the first bytes; no more than kLongestHead of them are looked at. nullopt: none of the formats that are read.
std::optional<SourceFormat> sniff(std::string_view head);

// Whether these are the first bytes of what gzip compressed, as an SVG often is. It is not unpacked.
bool is_gzip(std::string_view head);

// Whether these are the first bytes of a video: MP4, QuickTime, WebM, Matroska, AVI, MPEG or FLV. It is refused like
// anything else that is no picture, but in words of its own.
bool is_video(std::string_view head);

}  // namespace thumbgate
