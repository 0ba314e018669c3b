// The canonical form: one spelling for each conversion, so it is the cache key, and it is what the edge asks the
// backend for:
//
//     rt:fill/w:300/h:400/g:no/dpr:2/q:80/cb:v2/<format token>/plain/<source>
//
// in this order, with the rest of the options after the size (mw mh z el ex exar t c ar rot fl), after the gravity
// (pd bg bl sh pix wm) and after the quality (fq mb kcr); defaults are left out. The format token is `f:<format>` where
// the link names one, else `accept:<avif+webp|avif|webp|base>`. It begins without "/" and holds no exp, lid, sid, fn,
// att and signature. Where a description is asked for and no picture, it is
//
//     info:1/cb:v2/plain/<source>
//
// Two links share a form if and only if they describe one conversion, but for these, which coincide on every source, or
// nearly so, and keep names of their own:
// - minima, zooms that differ, and a zoom below 1 beside a padding or a watermark with an offset in pixels
// - a crop in pixels that the size cannot shrink, and an offset or a focus point that says where another one also is
// - a box that a fill-down reaches at another dpr, or an aspect ratio that a fill-down or force has already
// - with the automatic type an anchor along a side where that type cuts or adds nothing
// - conversions to sides of a single pixel: nothing can be enlarged to it
//
// Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "contract/formats.hpp"
#include "contract/options.hpp"
#include "contract/refusal.hpp"
#include "contract/thumb_url.hpp"

namespace thumbgate {

// One conversion: `options` reduced to what has an effect, with nothing that is the link's own.
struct Conversion {
    Options options;
    FormatSet accepted;  // empty where the format is not negotiated
    std::string source;

    // Whether what the client accepts counts.
    bool is_negotiated() const { return !options.format && !options.info; }
    bool operator==(const Conversion&) const = default;
};

// Drops and folds what does not change the picture:
// - no size: no resizing type, no gravity, no extension; a dpr counts where it shrinks, or enlarging is allowed
// - one of width and height: every resizing type keeps the aspect ratio, so none is named
// - gravity counts where a fill crops, or what was scaled up to a minimum; it becomes the crop's where that has none
// - an anchor says nothing of a side with no room along it, no offset is beyond an edge, and a focus in a corner is it
// - a zoom that is the same for both sides is multiplied into width and height (rounded to the pixel), or into dpr
// where
//   there is no size
// - dpr is as well, except where a fill or an extension must not enlarge: there the target's aspect ratio is kept at
//   every dpr, so width, height and dpr stay apart; likewise with paddings, offsets in pixels and minima
// - an extension does not count where enlarging reaches the size, nor one of the aspect ratio beside one to the size;
// one
//   of the aspect ratio is one to the size where the picture is enlarged to a side of it
// - mirroring vertically is half a turn and mirroring horizontally
// - a watermark that cannot be seen is none; tiles have no place, and never less than no room between them
// - quality does not count for a named PNG or GIF, a quality for a format that cannot come out not at all, and of the
//   qualities for formats only the named one; max_bytes counts for a named format only where that is JPEG or WebP
Conversion reduce(const ThumbLink& link, FormatSet accepted);

std::string canonical_form(const Conversion& conversion);

// The same without the format token: a link path of the public grammar ("/w:300/plain/…"), for signing again.
std::string canonical_path(const ThumbLink& link);

// Reads a canonical form. Refuses any other spelling, so that one conversion cannot have two names behind the edge.
Parsed<Conversion> parse_canonical(std::string_view text);

// "webp" where the link names the format, "json" for a description, else the token of the accepted set.
std::string format_token(const Conversion& conversion);

}  // namespace thumbgate
