// What a picture's file is made of, counted from its headers alone: decoders take whatever a file tells them to take,
// and some need the square of a count to find out that it is large. Never more than the file is believed: what is
// damaged ends the count, and is left for the decoder to refuse. Thread-safe.
#pragma once

#include <cstdint>

#include "backend/converter/protocol.hpp"

namespace thumbgate {

struct Survey {
    std::uint64_t frames = 0;          // of WebP, GIF and TIFF; 0 for what libvips counts quickly itself
    std::uint64_t scans = 0;           // of JPEG
    std::uint64_t metadata_bytes = 0;  // as stored, each piece as kLeastPiece bytes or more
    bool is_cut_off = false;           // of GIF: it ends in the middle of a frame, of which libvips says nothing
};

// What a marker segment of JPEG, a chunk of PNG or WebP, an extension of GIF, or a box of HEIF, AVIF and JPEG XL counts
// at least: a decoder keeps a list of them, however empty they are.
inline constexpr std::uint64_t kLeastPiece = 2048;

// Counting ends soon after one of `bounds` is exceeded. `descriptor`: a file, whose offset is left alone.
Survey survey(int descriptor, SourceFormat format, const Survey& bounds);

}  // namespace thumbgate
