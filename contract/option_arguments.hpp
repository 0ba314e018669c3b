// How the arguments of processing options are read. Each function names option and argument in what it refuses. Numbers
// are plain decimals: no sign but a minus where one makes sense, no exponent.
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "contract/look.hpp"
#include "contract/refusal.hpp"

namespace thumbgate {

using Arguments = std::span<const std::string>;

std::unexpected<Refusal> bad_argument(std::string_view option, std::string_view argument, std::string_view wanted);

Parsed<void> parse_number(std::string_view option, std::string_view argument, std::uint32_t max,
                          std::string_view wanted, std::uint32_t& value);

// Pixels, up to kMaxDimension.
Parsed<void> parse_dimension(std::string_view option, std::string_view argument, std::uint32_t& value);

// The spellings of Go's strconv.ParseBool, which imgproxy uses.
Parsed<void> parse_flag(std::string_view option, std::string_view argument, bool& value);

// A factor of a size: above 0, up to 10, with at most three decimals.
Parsed<void> parse_factor(std::string_view option, std::string_view argument, std::uint32_t& thousandths);

// The deviation of a filter's bell curve, in thousandths of a pixel.
Parsed<void> parse_sigma(std::string_view option, std::string_view argument, std::uint32_t max, std::uint32_t& value);

// How far colours may be apart, in thousandths of a channel's step.
Parsed<void> parse_threshold(std::string_view option, std::string_view argument, std::uint32_t& value);

// What a picture is saved as: UTF-8 without control characters and separators of paths. `encoded`: in base64url.
Parsed<void> parse_filename(std::string_view option, std::string_view argument, bool encoded, std::string& value);

// A side of a crop. Pixels are whole; further decimals than a fraction can hold are cut off.
Parsed<void> parse_crop_side(std::string_view option, std::string_view argument, std::uint32_t& value);

Parsed<void> parse_resizing_type(std::string_view argument, ResizingType& value);

enum class SmartGravity : std::uint8_t { allowed, refused };

// type, or type : x : y. At least one argument.
Parsed<void> parse_anchor(std::string_view option, Arguments arguments, SmartGravity smart, Anchor& value);

// From 0 to 1, in thousandths.
Parsed<void> parse_opacity(std::string_view option, std::string_view argument, std::uint32_t& value);

// opacity : position : x : y : scale. What is left out stays as it was. At least one argument.
Parsed<void> parse_watermark(std::string_view option, Arguments arguments, Watermark& mark);

// Six hex digits, or three.
Parsed<void> parse_hex_colour(std::string_view option, std::string_view argument, Colour& value);

// red : green : blue, each from 0 to 255.
Parsed<void> parse_rgb_colour(std::string_view option, Arguments arguments, Colour& value);

}  // namespace thumbgate
