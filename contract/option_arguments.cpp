#include "contract/option_arguments.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::size_t kFactorDecimals = 3;  // a thousandth
constexpr std::size_t kPlaceDecimals = 4;   // kPlaceUnit
constexpr std::size_t kMaxFilename = 200;   // bytes, which leaves room for an extension in what file systems hold

constexpr std::array<std::pair<std::string_view, ResizingType>, 5> kResizingTypes{{
    {"fit", ResizingType::fit},
    {"fill", ResizingType::fill},
    {"force", ResizingType::force},
    {"fill-down", ResizingType::fill_down},
    {"auto", ResizingType::automatic},
}};

constexpr std::array<std::pair<std::string_view, Gravity>, 11> kGravities{{
    {"ce", Gravity::center},
    {"no", Gravity::north},
    {"so", Gravity::south},
    {"ea", Gravity::east},
    {"we", Gravity::west},
    {"noea", Gravity::north_east},
    {"nowe", Gravity::north_west},
    {"soea", Gravity::south_east},
    {"sowe", Gravity::south_west},
    {"sm", Gravity::smart},
    {"fp", Gravity::focus_point},
}};

constexpr std::string_view kTiled = "re";  // of a watermark alone
constexpr std::uint32_t kMaxWatermarkScale = 10;

template <typename Table, typename Value>
bool lookup(const Table& table, std::string_view text, Value& value) {
    const auto found = std::ranges::find(table, text, [](const auto& entry) { return entry.first; });
    if (found == table.end()) return false;
    value = found->second;
    return true;
}

template <typename Table, typename Value>
std::string_view name_in(const Table& table, Value value) {
    return std::ranges::find(table, value, [](const auto& entry) { return entry.second; })->first;
}

struct Decimal {
    std::uint64_t parts;   // of 10^decimals to the whole
    std::size_t decimals;  // that were written
};

// The whole part may be left out before a point, and digits after `decimals` of them are cut off.
std::optional<Decimal> read_decimal(std::string_view text, std::size_t decimals, std::uint64_t max_whole) {
    const std::size_t point = text.find('.');
    const bool has_point = point != std::string_view::npos;
    const std::string_view written = has_point ? text.substr(point + 1) : std::string_view{};
    if (has_point && (written.empty() || written.find_first_not_of("0123456789") != std::string_view::npos)) return {};
    std::string kept(written.substr(0, decimals));
    kept.resize(decimals, '0');
    const auto whole = has_point && point == 0 ? 0 : parse_decimal(text.substr(0, point), max_whole);
    const auto fraction = parse_decimal(kept, UINT32_MAX);
    if (!whole || !fraction) return {};
    std::uint64_t unit = 1;
    for (std::size_t i = 0; i < decimals; ++i) unit *= 10;
    return Decimal{*whole * unit + *fraction, written.size()};
}

// A gravity that is neither smart nor a focus point, or tiles.
Parsed<void> parse_position(std::string_view option, std::string_view argument, Watermark& mark) {
    Gravity gravity = Gravity::center;
    const bool is_tiled = argument == kTiled;
    const bool is_known = is_tiled || lookup(kGravities, argument, gravity);
    if (!is_known || gravity == Gravity::smart || gravity == Gravity::focus_point) {
        return bad_argument(option, argument, "ce, no, so, ea, we, noea, nowe, soea, sowe or re");
    }
    mark.is_tiled = is_tiled;
    mark.place.gravity = gravity;
    return {};
}

Parsed<void> parse_offset(std::string_view option, std::string_view argument, std::int32_t& value) {
    const bool negative = argument.starts_with('-');
    const auto number = read_decimal(argument.substr(negative ? 1 : 0), kPlaceDecimals, kMaxDimension);
    if (!number) return bad_argument(option, argument, "an offset from -65535 to 65535");
    value = static_cast<std::int32_t>(number->parts) * (negative ? -1 : 1);
    return {};
}

// One that is not 0 stays above it.
Parsed<void> parse_scale(std::string_view option, std::string_view argument, std::uint32_t max, std::uint32_t& value) {
    const auto number = read_decimal(argument, kPlaceDecimals, max);
    if (!number || number->parts > std::uint64_t{max} * kPlaceUnit) {
        return bad_argument(option, argument, "a scale from 0 to " + std::to_string(max));
    }
    const bool is_zero = argument.find_first_not_of("0.") == std::string_view::npos;
    value = is_zero ? 0 : std::max(static_cast<std::uint32_t>(number->parts), 1U);
    return {};
}

Parsed<void> parse_focus(std::string_view option, std::string_view argument, std::int32_t& value) {
    const auto number = read_decimal(argument, kPlaceDecimals, 1);
    if (!number || number->parts > kPlaceUnit) return bad_argument(option, argument, "a focus point from 0 to 1");
    value = static_cast<std::int32_t>(number->parts);
    return {};
}

bool is_filename(std::string_view text) {
    const auto is_hostile = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F || c == '/' || c == '\\';
    };
    const bool is_dots = text.find_first_not_of('.') == std::string_view::npos;
    return !is_dots && text.size() <= kMaxFilename && std::ranges::none_of(text, is_hostile) && is_utf8(text);
}

}  // namespace

std::string_view name(ResizingType type) {
    return name_in(kResizingTypes, type);
}
std::string_view name(Gravity gravity) {
    return name_in(kGravities, gravity);
}

std::unexpected<Refusal> bad_argument(std::string_view option, std::string_view argument, std::string_view wanted) {
    return refuse(RefusalKind::bad_argument, "option \"" + std::string(option) + "\" takes " + std::string(wanted) +
                                                 ", not \"" + percent_encode(argument, ":+,") + "\"");
}

Parsed<void> parse_number(std::string_view option, std::string_view argument, std::uint32_t max,
                          std::string_view wanted, std::uint32_t& value) {
    const auto number = parse_decimal(argument, max);
    if (!number) return bad_argument(option, argument, wanted);
    value = static_cast<std::uint32_t>(*number);
    return {};
}

Parsed<void> parse_dimension(std::string_view option, std::string_view argument, std::uint32_t& value) {
    return parse_number(option, argument, kMaxDimension, "a number of pixels from 0 to 65535", value);
}

Parsed<void> parse_flag(std::string_view option, std::string_view argument, bool& value) {
    for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
        if (argument == yes) return value = true, Parsed<void>{};
    }
    for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
        if (argument == no) return value = false, Parsed<void>{};
    }
    return bad_argument(option, argument, "1 or 0");
}

Parsed<void> parse_factor(std::string_view option, std::string_view argument, std::uint32_t& thousandths) {
    const auto number = read_decimal(argument, kFactorDecimals, kMaxDpr / kDprUnit);
    const bool fits = number && number->decimals <= kFactorDecimals && !argument.starts_with('.');
    if (fits && number->parts > 0 && number->parts <= kMaxDpr) {
        thousandths = static_cast<std::uint32_t>(number->parts);
        return {};
    }
    return bad_argument(option, argument, "a number above 0, up to 10, with at most three decimals");
}

Parsed<void> parse_sigma(std::string_view option, std::string_view argument, std::uint32_t max, std::uint32_t& value) {
    const auto number = read_decimal(argument, kFactorDecimals, max);
    if (!number || number->parts > std::uint64_t{max} * kDprUnit) {
        return bad_argument(option, argument, "a number from 0 to " + std::to_string(max));
    }
    value = static_cast<std::uint32_t>(number->parts);
    return {};
}

Parsed<void> parse_threshold(std::string_view option, std::string_view argument, std::uint32_t& value) {
    const auto number = read_decimal(argument, kFactorDecimals, UINT8_MAX);
    if (!number || number->parts > std::uint64_t{UINT8_MAX} * kDprUnit) {
        return bad_argument(option, argument, "a threshold from 0 to 255");
    }
    value = static_cast<std::uint32_t>(number->parts);
    return {};
}

Parsed<void> parse_filename(std::string_view option, std::string_view argument, bool encoded, std::string& value) {
    const auto name = encoded ? base64url_decode_lenient(argument) : std::optional(std::string(argument));
    if (!name || !is_filename(*name)) {
        return bad_argument(option, argument, "a name in UTF-8 of at most 200 bytes, without a path");
    }
    value = *name;
    return {};
}

Parsed<void> parse_crop_side(std::string_view option, std::string_view argument, std::uint32_t& value) {
    const auto number = read_decimal(argument, kPlaceDecimals, kMaxDimension);
    if (!number) return bad_argument(option, argument, "pixels up to 65535, or a fraction of the side");
    value = static_cast<std::uint32_t>(number->parts);
    if (value >= kPlaceUnit) value -= value % kPlaceUnit;
    return {};
}

Parsed<void> parse_resizing_type(std::string_view argument, ResizingType& value) {
    if (lookup(kResizingTypes, argument, value)) return {};
    return bad_argument("resizing_type", argument, "fit, fill, fill-down, force or auto");
}

Parsed<void> parse_opacity(std::string_view option, std::string_view argument, std::uint32_t& value) {
    const auto number = read_decimal(argument, kFactorDecimals, 1);
    if (!number || number->parts > kDprUnit) return bad_argument(option, argument, "an opacity from 0 to 1");
    value = static_cast<std::uint32_t>(number->parts);
    return {};
}

Parsed<void> parse_watermark(std::string_view option, Arguments arguments, Watermark& mark) {
    const auto given = [&](std::size_t i) { return arguments.size() > i && !arguments[i].empty(); };
    if (auto parsed = parse_opacity(option, arguments[0], mark.opacity); !parsed) return parsed;
    if (given(1)) {
        if (auto parsed = parse_position(option, arguments[1], mark); !parsed) return parsed;
    }
    if (given(2)) {
        if (auto parsed = parse_offset(option, arguments[2], mark.place.x); !parsed) return parsed;
    }
    if (given(3)) {
        if (auto parsed = parse_offset(option, arguments[3], mark.place.y); !parsed) return parsed;
    }
    return given(4) ? parse_scale(option, arguments[4], kMaxWatermarkScale, mark.scale) : Parsed<void>{};
}

Parsed<void> parse_anchor(std::string_view option, Arguments arguments, SmartGravity smart, Anchor& value) {
    Anchor anchor;
    const bool known = lookup(kGravities, arguments[0], anchor.gravity);
    if (!known || (anchor.gravity == Gravity::smart && smart == SmartGravity::refused)) {
        return bad_argument(option, arguments[0],
                            smart == SmartGravity::allowed
                                ? "ce, no, so, ea, we, noea, nowe, soea, sowe, fp or sm"
                                : "ce, no, so, ea, we, noea, nowe, soea, sowe or fp as its gravity");
    }
    const bool is_focus = anchor.gravity == Gravity::focus_point;
    if (is_focus && arguments.size() != 3) return bad_argument(option, arguments[0], "fp:x:y");
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        if (arguments[i].empty() && !is_focus) continue;
        if (anchor.gravity == Gravity::smart && arguments[i] != "0") {
            return bad_argument(option, arguments[i], "no offset with sm");
        }
        std::int32_t& offset = i == 1 ? anchor.x : anchor.y;
        auto parsed = is_focus ? parse_focus(option, arguments[i], offset) : parse_offset(option, arguments[i], offset);
        if (!parsed) return parsed;
    }
    value = anchor;
    return {};
}

Parsed<void> parse_hex_colour(std::string_view option, std::string_view argument, Colour& value) {
    std::string digits(argument);
    if (digits.size() == 3) digits = {digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]};
    const auto bytes = hex_decode(digits);
    if (!bytes || bytes->size() != 3) return bad_argument(option, argument, "a colour in six hex digits, or three");
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>((*bytes)[i]); };
    value = {byte(0), byte(1), byte(2)};
    return {};
}

Parsed<void> parse_rgb_colour(std::string_view option, Arguments arguments, Colour& value) {
    std::array<std::uint8_t, 3> channels{};
    for (std::size_t i = 0; i < channels.size(); ++i) {
        std::uint32_t channel = 0;
        auto parsed = parse_number(option, arguments[i], UINT8_MAX, "red, green and blue from 0 to 255", channel);
        if (!parsed) return parsed;
        channels.at(i) = static_cast<std::uint8_t>(channel);
    }
    value = {channels[0], channels[1], channels[2]};
    return {};
}

std::string format_decimal(std::int64_t parts, std::uint32_t unit) {
    const auto size = static_cast<std::uint64_t>(parts < 0 ? -parts : parts);
    std::string text = (parts < 0 ? "-" : "") + std::to_string(size / unit);
    if (size % unit == 0) return text;
    std::string fraction = std::to_string(unit + size % unit).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return text + "." + fraction;
}

std::string format_anchor(const Anchor& anchor) {
    std::string text(name(anchor.gravity));
    if (anchor.gravity != Gravity::focus_point && anchor.x == 0 && anchor.y == 0) return text;
    for (const std::int32_t offset : {anchor.x, anchor.y}) text += ':' + format_decimal(offset, kPlaceUnit);
    return text;
}

std::string format_colour(const Colour& colour) {
    return hex_encode(std::array{colour.red, colour.green, colour.blue});
}

std::string format_trim(const Look& look) {
    std::string text = format_decimal(look.trim_threshold, kDprUnit);
    const bool equally = look.trims_equally_across || look.trims_equally_down;
    if (look.has_trim_colour || equally) text += ':';
    if (look.has_trim_colour) text += format_colour(look.trim_colour);
    if (!equally) return text;
    return text + (look.trims_equally_across ? ":1" : ":0") + (look.trims_equally_down ? ":1" : ":0");
}

std::string format_watermark(const Watermark& mark) {
    const Anchor& place = mark.place;
    const bool has_offset = place.x != 0 || place.y != 0;
    std::string text = format_decimal(mark.opacity, kDprUnit);
    if (!mark.is_tiled && place == Anchor{} && mark.scale == 0) return text;
    text += ':' + std::string(mark.is_tiled ? kTiled : name(place.gravity));
    if (!has_offset && mark.scale == 0) return text;
    for (const std::int32_t offset : {place.x, place.y}) text += ':' + format_decimal(offset, kPlaceUnit);
    return mark.scale == 0 ? text : text + ':' + format_decimal(mark.scale, kPlaceUnit);
}

std::string format_padding(const Padding& padding) {
    std::string text = std::to_string(padding.top);
    const bool even = padding.left == padding.right;
    if (even && padding.bottom == padding.top && padding.right == padding.top) return text;
    text += ':' + std::to_string(padding.right);
    if (even && padding.bottom == padding.top) return text;
    return text + ':' + std::to_string(padding.bottom) + ':' + std::to_string(padding.left);
}

}  // namespace thumbgate
