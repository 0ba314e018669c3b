// What a picture shall look like: the part of a link's options that the converter needs. Names, argument order,
// synonyms and defaults are imgproxy's.
//
// A plain value without padding, since it travels between processes as bytes; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "contract/formats.hpp"

namespace thumbgate {

// Fill-down is a fill whose result keeps the box's aspect ratio where the source is smaller than the box. Automatic is
// a fill where source and box are both landscape or both portrait, and else a fit.
enum class ResizingType : std::uint8_t { fit, fill, force, fill_down, automatic };

enum class Gravity : std::uint32_t {
    center,
    north,
    south,
    east,
    west,
    north_east,
    north_west,
    south_east,
    south_west,
    smart,
    focus_point,
};

std::string_view name(ResizingType type);  // "fit"
std::string_view name(Gravity gravity);    // "ce"

// Factors are held in thousandths, places and sizes that may be fractions in ten-thousandths: exact, and comparable.
inline constexpr std::uint32_t kDprUnit = 1000;
inline constexpr std::uint32_t kMaxDpr = 10 * kDprUnit;  // of a zoom as well
inline constexpr std::int32_t kPlaceUnit = 10'000;
inline constexpr std::uint32_t kMaxDimension = 65535;  // pixels; the largest a JPEG can be

// Which part of something larger is kept, or where in it something smaller lies.
struct Anchor {
    Gravity gravity = Gravity::center;
    // In kPlaceUnit. From one unit on, in either direction, pixels; below it, a fraction of the larger side. Away from
    // the edge that the gravity names, else to the right and down. Of a focus point: where it is, from 0 to one unit.
    std::int32_t x = 0;
    std::int32_t y = 0;

    constexpr Anchor() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): a gravity is an anchor without an offset
    constexpr Anchor(Gravity towards, std::int32_t to_x = 0, std::int32_t to_y = 0)
        : gravity(towards), x(to_x), y(to_y) {}
    bool operator==(const Anchor&) const = default;

    // Whether a dpr moves it.
    bool counts_pixels() const {
        const auto counts = [](std::int32_t offset) { return offset >= kPlaceUnit || offset <= -kPlaceUnit; };
        return gravity != Gravity::focus_point && (counts(x) || counts(y));
    }
};

struct Colour {
    std::uint8_t red = 0;
    std::uint8_t green = 0;
    std::uint8_t blue = 0;
    bool operator==(const Colour&) const = default;
};

// In pixels of dpr 1.
struct Padding {
    std::uint32_t top = 0;
    std::uint32_t right = 0;
    std::uint32_t bottom = 0;
    std::uint32_t left = 0;
    bool operator==(const Padding&) const = default;
};

// The picture that the operator lets links put onto theirs: how, if at all.
struct Watermark {
    std::uint32_t opacity = 0;  // thousandths of that which the operator gave it; 0: there is none
    std::uint32_t scale = 0;  // kPlaceUnit: of the result's sides, for the box that it is made to fit; 0: its own size
    // Never smart, and no focus point. An offset may move it beyond an edge. Of a tiled one: the room between two
    // tiles.
    Anchor place;
    bool is_tiled = false;
    std::array<std::uint8_t, 3> reserved{};
    bool operator==(const Watermark&) const = default;
};

struct Look {
    ResizingType resizing_type = ResizingType::fit;
    bool enlarge = false;
    bool extend = false;               // where the picture is smaller than the size asked for
    bool extend_aspect_ratio = false;  // to that of the size asked for
    Anchor gravity;                    // of what is kept of a picture that is larger than the size asked for
    Anchor extend_gravity;             // never smart
    Anchor extend_aspect_ratio_gravity;
    std::uint32_t width = 0;          // pixels; 0: follows from the height and the source's aspect ratio
    std::uint32_t height = 0;         // pixels; 0: follows from the width
    std::uint32_t min_width = 0;      // pixels; for these the picture is scaled up, even where it is not to be enlarged
    std::uint32_t min_height = 0;     // pixels
    std::uint32_t zoom_x = kDprUnit;  // thousandths
    std::uint32_t zoom_y = kDprUnit;
    std::uint32_t dpr = kDprUnit;  // thousandths

    // How far a pixel's colour may be from the background's to be cut off at the edges, before anything else, in
    // thousandths of a channel's step. With the same distances on opposite sides where they are to be equal, as shown.
    std::uint32_t trim_threshold = 0;

    // The part of the source that is used at all, as it is shown: turned and mirrored. In kPlaceUnit: pixels from one
    // unit on, else a fraction of the side; 0: all of the side.
    std::uint32_t crop_width = 0;
    std::uint32_t crop_height = 0;
    Anchor crop_gravity;             // never smart
    bool has_crop_gravity = false;   // else `gravity` counts
    bool auto_rotate = true;         // as the source's EXIF orientation says
    std::uint8_t quarter_turns = 0;  // clockwise, after that
    bool flip_horizontally = false;  // after that
    bool flip_vertically = false;

    Colour background;
    Colour trim_colour;           // of the background that is cut off; transparent pixels are ff00ff
    bool has_background = false;  // else white, and only where the format has no transparency
    bool trims = false;
    bool has_trim_colour = false;  // else that of the top left pixel
    bool trims_equally_across = false;
    bool trims_equally_down = false;
    bool keep_copyright = false;  // EXIF's Copyright and Artist, in formats that hold EXIF
    std::array<std::uint8_t, 3> reserved{};
    Padding padding;

    std::uint32_t blur = 0;      // sigma in thousandths of a pixel of the result
    std::uint32_t sharpen = 0;   // the same
    std::uint32_t pixelate = 0;  // pixels of the result; below 2: not at all
    Watermark watermark;         // above all of that

    std::uint32_t quality = 0;                     // 1 to 100; 0: as `format_quality` says
    std::array<std::uint8_t, 8> format_quality{};  // by Format, with room for more; 0: the converter's default
    std::uint32_t max_bytes = 0;                   // of a JPEG or WebP, for which quality is given up; 0: no matter

    bool operator==(const Look&) const = default;
};

static_assert(std::has_unique_object_representations_v<Look> && std::is_trivially_copyable_v<Look>);

// "1", "1.5", "-0.333": a number of so many parts of a `unit`, which is a power of ten, as the grammar writes it.
std::string format_decimal(std::int64_t parts, std::uint32_t unit);

inline std::string format_dpr(std::uint32_t dpr) {
    return format_decimal(dpr, kDprUnit);
}
std::string format_anchor(const Anchor& anchor);      // "no", "no:0:10", "fp:0.5:0.25"
std::string format_colour(const Colour& colour);      // "ff8000"
std::string format_padding(const Padding& padding);   // "10", "10:20", "10:20:30:40"
std::string format_trim(const Look& look);            // "10", "10:ff0000", "10::1:0"
std::string format_watermark(const Watermark& mark);  // "0.5", "1:soea", "1:re:10:20", "1:ce:0:0:0.25"

}  // namespace thumbgate
