// Whether a text is the beginning of an SVG document: a look at its prolog, and no further than the name of its first
// element. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

namespace thumbgate {

enum class Sniffed : std::uint8_t {
    no,
    yes,
    undecided,  // it may go on as one
};

// Takes UTF-8 and what looks like it, with a byte order mark, spaces, declarations and comments in front. A document
// type decides: its name is that of the first element.
Sniffed sniff_svg(std::string_view head);

}  // namespace thumbgate
