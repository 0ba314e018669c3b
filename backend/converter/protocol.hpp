// What broker and converter say to each other, over a SOCK_SEQPACKET pair: one JobRequest with descriptors, then one
// JobReply. Both ends are the same build on the same machine, so the messages are plain structs. A converter may be
// in an attacker's hands: the broker checks every field of a reply before it uses it, and shows nobody its text.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "backend/converter/thumbhash.hpp"
#include "contract/look.hpp"

namespace thumbgate {

enum class JobKind : std::uint8_t {
    inspect,  // decode fully, report what it is and how it looks
    convert,
};

enum class SourceFormat : std::uint8_t { jpeg, png, webp, avif, heic, gif, tiff, jxl, svg };

enum class Outcome : std::uint8_t {
    ok,
    unsupported,      // not a picture, or a format that is not read
    no_codec,         // a format that this converter or its libvips does not have, of the source or the result
    corrupt,          // damaged or cut off
    no_size,          // of SVG: neither width and height nor a viewBox
    too_many_pixels,  // more than JobRequest::max_pixels
    side_too_long,    // more than max_side, or than the decoder takes
    too_many_frames,  // more than max_frames
    too_many_scans,   // more than max_scans
    too_much_metadata,
    too_much_memory,         // more than a converter may use
    too_large,               // the result would exceed max_output_bytes
    result_too_many_pixels,  // more than max_pixels
    result_side_too_long,    // more than its format holds
    failed,                  // an error that is not the picture's fault
};

using SourceDigest = std::array<std::uint8_t, 32>;  // SHA-256

// The descriptors that come with a request, in this order; -1: it does not.
struct JobFiles {
    int source = -1;
    int output = -1;     // of a conversion
    int watermark = -1;  // where the look has one
    int pixels = -1;     // where the request says so; see shared_pixels.hpp
};

// Of the file for shared pixels. Memory is taken as far as it is filled.
inline constexpr std::uint64_t kSharedPixelsBytes = 80ULL << 20;

struct JobRequest : Look {
    std::uint64_t number;         // the reply repeats it
    SourceDigest source_digest;   // zeros: not known
    std::uint32_t siblings_side;  // pixels: the longest that is expected of the same source soon; 0: nothing is
    JobKind kind;
    bool shares_pixels;
    bool format_is_named;  // else the best of `accepted`, JPEG, PNG where there is alpha, or GIF where it moves
    Format format;
    FormatSet accepted;
    std::uint32_t watermark_opacity;     // thousandths; that of the look is of this
    std::uint64_t max_pixels;            // of the source, over all its frames; of the result, and of the watermark
    std::uint64_t max_animation_pixels;  // of a result over all its frames; beyond that, the first frame alone
    std::uint32_t max_side;              // pixels of the source's longer side
    std::uint32_t max_frames;            // of the source; pages are frames
    std::uint32_t max_scans;             // of a JPEG
    std::uint64_t max_metadata_bytes;    // see survey.hpp
    std::uint64_t max_output_bytes;

    void set_defaults() { static_cast<Look&>(*this) = Look{}; }
};

struct JobReply {
    std::uint64_t number;
    Outcome outcome;
    Format format;               // of the result (convert)
    SourceFormat source_format;  // (inspect)
    bool has_alpha;
    std::uint8_t orientation;  // EXIF's number, 1 to 8 (inspect)
    Colour dominant_colour;    // sRGB (inspect)
    ThumbHash thumbhash;       // (inspect)
    std::uint32_t frames;      // of the source; pages are frames (inspect)
    std::uint32_t width;  // of the result, or one frame of it, or of the source with its orientation applied (inspect)
    std::uint32_t height;
    std::uint64_t output_bytes;
    std::uint64_t peak_bytes;      // of memory, that the converter has held at once since its start
    std::array<char, 240> detail;  // libvips' own words, for the log; NUL-terminated
};

static_assert(std::is_trivially_copyable_v<JobRequest> && std::is_trivially_copyable_v<JobReply>);

}  // namespace thumbgate
