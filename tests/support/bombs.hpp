// Pictures made to exhaust whoever decodes them: small files, well-formed as far as a decoder looks before it has to
// decide. Whole files, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace thumbgate::test::bombs {

// --- PNG

struct PngChunk {
    std::string type;
    std::string data;
};
// One bit a pixel, black. `extra` chunks come before the pixels.
std::string png(std::uint32_t width, std::uint32_t height, bool interlaced = false,
                const std::vector<PngChunk>& extra = {});
// Chunks that inflate to so many bytes of zeros.
PngChunk compressed_text(std::uint64_t bytes);                // zTXt
PngChunk compressed_international_text(std::uint64_t bytes);  // iTXt
PngChunk compressed_profile(std::uint64_t bytes);             // iCCP

// --- GIF and WebP

// Frames of 1 × 1 on a canvas of that size.
std::string gif(std::uint16_t width, std::uint16_t height, std::size_t frames);
std::string webp(std::uint32_t side, std::size_t frames);

// --- TIFF

struct TiffField {
    std::uint16_t tag;
    std::uint32_t value;  // a LONG
};
// Grey, 8 bits, uncompressed, one strip; `fields` replace those, or are added. A value of kTiffData is where `data` is.
inline constexpr std::uint32_t kTiffData = 8;
std::string tiff(const std::vector<TiffField>& fields, const std::string& data);
std::string tiff_of_pages(std::size_t pages);
// Two directories, each of which is the next of the other.
std::string tiff_without_end();

// --- JPEG, AVIF and SVG

// A header, and the start of a scan.
std::string jpeg(std::uint16_t width, std::uint16_t height);
// Progressive and grey: each scan says in a few bytes that every block has no coefficient.
std::string jpeg_of_scans(std::uint16_t side, std::size_t scans);
// Marker segments that say nothing.
std::string jpeg_of_comments(std::size_t comments);
// SOI, and then zeros.
std::string jpeg_of_zeros(std::size_t bytes);
// A picture of that size put together from 256 × 256 tiles, each the same bytes.
std::string avif_grid(std::uint32_t side);
// So many pictures, none of which has any bytes.
std::string avif_of_items(std::uint16_t items);
std::string svg_of_size(std::uint32_t side);
std::string svg_of_uses(std::size_t levels);  // each uses the one before ten times
std::string svg_of_groups(std::size_t depth);
// Each group half transparent, so that all of them are drawn apart, on a canvas each, before any is put on another.
std::string svg_of_layers(std::uint32_t side, std::size_t depth);
std::string svg_of_entities(std::size_t levels);  // each ten times the one before: "a billion laughs"

// What zlib makes of so many bytes of zeros.
std::string deflated_zeros(std::uint64_t bytes);

}  // namespace thumbgate::test::bombs
