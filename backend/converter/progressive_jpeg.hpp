// A progressive JPEG (ISO/IEC 10918-1) without the scans that a decode at 1/8 does not look at: at that scale a block
// is one pixel, its DC coefficient, so that reading the AC scans is time for nothing. Decoding the rest gives the
// pixels of a decode of everything, without libjpeg's smoothing of blocks, which is for pictures that are still coming.
// Bytes are hostile: nothing is read beyond them. Pure; thread-safe.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace thumbgate {

enum class NoEighth {
    unsuited,   // not progressive, or of a kind that is rare: decode it as it is
    truncated,  // it ends before its EOI marker
};

// Components that are sampled half as densely in both directions keep their AC scans: at 1/8 of the picture they are
// decoded at 1/4 of themselves.
std::expected<std::string, NoEighth> for_eighth(std::string_view jpeg);

}  // namespace thumbgate
