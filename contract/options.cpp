#include "contract/options.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "contract/encoding.hpp"
#include "contract/option_arguments.hpp"

namespace thumbgate {
namespace {

struct Context {
    Options& options;
    const Presets& presets;
};

Parsed<void> apply_width(Context& to, Arguments arguments) {
    return parse_dimension("width", arguments[0], to.options.width);
}

Parsed<void> apply_height(Context& to, Arguments arguments) {
    return parse_dimension("height", arguments[0], to.options.height);
}

Parsed<void> apply_min_width(Context& to, Arguments arguments) {
    return parse_dimension("min-width", arguments[0], to.options.min_width);
}

Parsed<void> apply_min_height(Context& to, Arguments arguments) {
    return parse_dimension("min-height", arguments[0], to.options.min_height);
}

Parsed<void> apply_resizing_type(Context& to, Arguments arguments) {
    return parse_resizing_type(arguments[0], to.options.resizing_type);
}

Parsed<void> apply_enlarge(Context& to, Arguments arguments) {
    return parse_flag("enlarge", arguments[0], to.options.enlarge);
}

Parsed<void> parse_extension(std::string_view option, Arguments arguments, bool& extends, Anchor& gravity) {
    if (auto parsed = parse_flag(option, arguments[0], extends); !parsed) return parsed;
    if (arguments.size() < 2 || arguments[1].empty()) return gravity = {}, Parsed<void>{};
    return parse_anchor(option, arguments.subspan(1), SmartGravity::refused, gravity);
}

Parsed<void> apply_extend(Context& to, Arguments arguments) {
    return parse_extension("extend", arguments, to.options.extend, to.options.extend_gravity);
}

Parsed<void> apply_extend_aspect_ratio(Context& to, Arguments arguments) {
    return parse_extension("extend_aspect_ratio", arguments, to.options.extend_aspect_ratio,
                           to.options.extend_aspect_ratio_gravity);
}

Parsed<void> apply_size(Context& to, Arguments arguments) {
    using Part = Parsed<void> (*)(Context&, Arguments);
    constexpr std::array<Part, 4> parts{apply_width, apply_height, apply_enlarge, apply_extend};
    for (std::size_t i = 0; i < std::min(arguments.size(), parts.size()); ++i) {
        if (arguments[i].empty()) continue;
        const bool is_last = i + 1 == parts.size();  // it takes the gravity that follows
        if (auto applied = parts.at(i)(to, arguments.subspan(i, is_last ? std::dynamic_extent : 1)); !applied) {
            return applied;
        }
    }
    return {};
}

Parsed<void> apply_resize(Context& to, Arguments arguments) {
    if (!arguments[0].empty()) {
        if (auto applied = apply_resizing_type(to, arguments); !applied) return applied;
    }
    return apply_size(to, arguments.subspan(1));
}

Parsed<void> apply_zoom(Context& to, Arguments arguments) {
    if (auto parsed = parse_factor("zoom", arguments[0], to.options.zoom_x); !parsed) return parsed;
    return parse_factor("zoom", arguments.back(), to.options.zoom_y);
}

Parsed<void> apply_dpr(Context& to, Arguments arguments) {
    return parse_factor("dpr", arguments[0], to.options.dpr);
}

Parsed<void> apply_gravity(Context& to, Arguments arguments) {
    return parse_anchor("gravity", arguments, SmartGravity::allowed, to.options.gravity);
}

Parsed<void> apply_trim(Context& to, Arguments arguments) {
    Options& options = to.options;
    const auto given = [&](std::size_t i) { return arguments.size() > i && !arguments[i].empty(); };
    if (auto parsed = parse_threshold("trim", arguments[0], options.trim_threshold); !parsed) return parsed;
    options.trims = true;
    options.has_trim_colour = given(1);
    options.trims_equally_across = options.trims_equally_down = false;
    if (given(1)) {
        if (auto parsed = parse_hex_colour("trim", arguments[1], options.trim_colour); !parsed) return parsed;
    }
    if (given(2)) {
        if (auto parsed = parse_flag("trim", arguments[2], options.trims_equally_across); !parsed) return parsed;
    }
    return given(3) ? parse_flag("trim", arguments[3], options.trims_equally_down) : Parsed<void>{};
}

Parsed<void> apply_crop(Context& to, Arguments arguments) {
    Options& options = to.options;
    if (auto parsed = parse_crop_side("crop", arguments[0], options.crop_width); !parsed) return parsed;
    options.crop_height = 0;
    options.has_crop_gravity = arguments.size() > 2 && !arguments[2].empty();
    options.crop_gravity = {};
    if (arguments.size() > 1 && !arguments[1].empty()) {
        if (auto parsed = parse_crop_side("crop", arguments[1], options.crop_height); !parsed) return parsed;
    }
    if (!options.has_crop_gravity) return {};
    return parse_anchor("crop", arguments.subspan(2), SmartGravity::refused, options.crop_gravity);
}

Parsed<void> apply_auto_rotate(Context& to, Arguments arguments) {
    return parse_flag("auto_rotate", arguments[0], to.options.auto_rotate);
}

Parsed<void> apply_rotate(Context& to, Arguments arguments) {
    constexpr std::uint64_t kQuarter = 90;  // degrees
    const auto degrees = parse_decimal(arguments[0], kMaxDimension);
    if (!degrees || *degrees % kQuarter != 0) return bad_argument("rotate", arguments[0], "a multiple of 90");
    to.options.quarter_turns = static_cast<std::uint8_t>(*degrees / kQuarter % 4);
    return {};
}

Parsed<void> apply_flip(Context& to, Arguments arguments) {
    const std::array<bool*, 2> flips{&to.options.flip_horizontally, &to.options.flip_vertically};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i].empty()) continue;
        if (auto parsed = parse_flag("flip", arguments[i], *flips.at(i)); !parsed) return parsed;
    }
    return {};
}

Parsed<void> apply_background(Context& to, Arguments arguments) {
    constexpr std::size_t kChannels = 3;
    Options& options = to.options;
    if (arguments.size() == 2) return bad_argument("background", arguments[1], "hex digits, or red:green:blue");
    options.has_background = arguments.size() == kChannels || !arguments[0].empty();
    if (!options.has_background) return options.background = {}, Parsed<void>{};
    return arguments.size() == kChannels ? parse_rgb_colour("background", arguments, options.background)
                                         : parse_hex_colour("background", arguments[0], options.background);
}

// As in CSS: a side that is not given is that of its opposite, or the top.
Parsed<void> apply_padding(Context& to, Arguments arguments) {
    std::array<std::uint32_t, 4> sides{};
    constexpr std::array<std::size_t, 4> followed{0, 0, 0, 1};
    for (std::size_t i = 0; i < sides.size(); ++i) {
        sides.at(i) = sides.at(followed.at(i));
        if (i >= arguments.size() || arguments[i].empty()) continue;
        if (auto parsed = parse_dimension("padding", arguments[i], sides.at(i)); !parsed) return parsed;
    }
    to.options.padding = {sides[0], sides[1], sides[2], sides[3]};
    return {};
}

Parsed<void> apply_blur(Context& to, Arguments arguments) {
    return parse_sigma("blur", arguments[0], kMaxSigma, to.options.blur);
}

Parsed<void> apply_sharpen(Context& to, Arguments arguments) {
    return parse_sigma("sharpen", arguments[0], kMaxSharpen, to.options.sharpen);
}

Parsed<void> apply_pixelate(Context& to, Arguments arguments) {
    return parse_dimension("pixelate", arguments[0], to.options.pixelate);
}

Parsed<void> apply_watermark(Context& to, Arguments arguments) {
    return parse_watermark("watermark", arguments, to.options.watermark);
}

Parsed<void> apply_quality(Context& to, Arguments arguments) {
    return parse_number("quality", arguments[0], 100, "a number from 0 to 100", to.options.quality);
}

Parsed<void> apply_format_quality(Context& to, Arguments arguments) {
    if (arguments.size() % 2 != 0) return bad_argument("format_quality", arguments.back(), "pairs of format:quality");
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        const auto format = format_from_name(arguments[i]);
        if (!format) return bad_argument("format_quality", arguments[i], kFormatNames);
        std::uint32_t quality = 0;
        auto parsed = parse_number("format_quality", arguments[i + 1], 100, "numbers from 0 to 100", quality);
        if (!parsed) return parsed;
        to.options.format_quality.at(static_cast<std::size_t>(*format)) = static_cast<std::uint8_t>(quality);
    }
    return {};
}

Parsed<void> apply_max_bytes(Context& to, Arguments arguments) {
    return parse_number("max_bytes", arguments[0], INT32_MAX, "a number of bytes", to.options.max_bytes);
}

Parsed<void> apply_format(Context& to, Arguments arguments) {
    to.options.format = format_from_name(arguments[0]);
    if (to.options.format) return {};
    return bad_argument("format", arguments[0], kFormatNames);
}

Parsed<void> apply_info(Context& to, Arguments arguments) {
    return parse_flag("info", arguments[0], to.options.info);
}

Parsed<void> apply_expires(Context& to, Arguments arguments) {
    const auto number = parse_decimal(arguments[0], INT64_MAX);
    if (!number) return bad_argument("expires", arguments[0], "a time in unix seconds");
    to.options.expires = *number;
    return {};
}

bool consists_of(std::string_view text, std::string_view characters) {
    return text.find_first_not_of(characters) == std::string_view::npos;
}

Parsed<void> apply_link_id(Context& to, Arguments arguments) {
    constexpr std::string_view characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const std::string& id = arguments[0];
    if (id.empty() || id.size() > kMaxLinkId || !consists_of(id, characters)) {
        return bad_argument("lid", id, "1 to 64 letters, digits, \"-\" and \"_\"");
    }
    to.options.link_id = id;
    return {};
}

Parsed<void> apply_session(Context& to, Arguments arguments) {
    const std::string& hash = arguments[0];
    if (hash.size() != kSessionHashDigits || !consists_of(hash, "0123456789abcdef")) {
        return bad_argument("sid", hash, "a session's hash, 32 hex digits in lower case");
    }
    to.options.session = hash;
    return {};
}

Parsed<void> apply_cache_buster(Context& to, Arguments arguments) {
    if (arguments[0].size() > kMaxCacheBuster) return bad_argument("cachebuster", "…", "at most 256 bytes");
    to.options.cache_buster = arguments[0];
    return {};
}

Parsed<void> apply_presets(Context& to, Arguments arguments) {
    for (const std::string& preset : arguments) {
        const std::vector<OptionText>* texts = to.presets.find(preset);
        if (texts == nullptr) return bad_argument("preset", preset, "the name of a configured preset");
        for (const OptionText& text : *texts) {
            if (auto applied = apply_option(to.options, text, to.presets); !applied) return applied;
        }
    }
    return {};
}

// What is always so here, and cannot be asked for in another way: links may say it.
Parsed<void> accept_only(std::string_view option, bool always, Arguments arguments) {
    bool asked = false;
    if (auto parsed = parse_flag(option, arguments[0], asked); !parsed) return parsed;
    if (asked == always) return {};
    return bad_argument(option, arguments[0], always ? "1 alone" : "0 alone");
}

Parsed<void> apply_strip_metadata(Context&, Arguments arguments) {
    return accept_only("strip_metadata", true, arguments);
}

Parsed<void> apply_keep_copyright(Context& to, Arguments arguments) {
    return parse_flag("keep_copyright", arguments[0], to.options.keep_copyright);
}

Parsed<void> apply_strip_color_profile(Context&, Arguments arguments) {
    return accept_only("strip_color_profile", true, arguments);
}

Parsed<void> apply_preserve_hdr(Context&, Arguments arguments) {
    return accept_only("preserve_hdr", false, arguments);
}

Parsed<void> apply_enforce_thumbnail(Context&, Arguments arguments) {
    return accept_only("enforce_thumbnail", false, arguments);
}

Parsed<void> apply_raw(Context&, Arguments arguments) {
    return accept_only("raw", false, arguments);
}

Parsed<void> apply_filename(Context& to, Arguments arguments) {
    bool encoded = false;
    if (arguments.size() > 1 && !arguments[1].empty()) {
        if (auto parsed = parse_flag("filename", arguments[1], encoded); !parsed) return parsed;
    }
    return parse_filename("filename", arguments[0], encoded, to.options.filename);
}

Parsed<void> apply_return_attachment(Context& to, Arguments arguments) {
    return parse_flag("return_attachment", arguments[0], to.options.as_attachment);
}

struct OptionRule {
    std::string_view name;
    std::string_view synonyms;  // separated by spaces
    std::size_t max_arguments;
    Parsed<void> (*apply)(Context&, Arguments);
    OptionScope scope = OptionScope::picture;
};

constexpr std::size_t kMaxPresetsInOneOption = 16;
constexpr std::size_t kMaxFormatQualities = 16;  // arguments

constexpr std::array<OptionRule, 42> kRules{{
    {"resize", "rs", 8, apply_resize},
    {"size", "s", 7, apply_size},
    {"resizing_type", "rt", 1, apply_resizing_type},
    {"width", "w", 1, apply_width},
    {"height", "h", 1, apply_height},
    {"min-width", "mw", 1, apply_min_width},
    {"min-height", "mh", 1, apply_min_height},
    {"zoom", "z", 2, apply_zoom},
    {"enlarge", "el", 1, apply_enlarge},
    {"extend", "ex", 4, apply_extend},
    {"extend_aspect_ratio", "extend_ar exar", 4, apply_extend_aspect_ratio},
    {"gravity", "g", 3, apply_gravity},
    {"trim", "t", 4, apply_trim},
    {"crop", "c", 5, apply_crop},
    {"auto_rotate", "ar", 1, apply_auto_rotate},
    {"rotate", "rot", 1, apply_rotate},
    {"flip", "fl", 2, apply_flip},
    {"background", "bg", 3, apply_background},
    {"padding", "pd", 4, apply_padding},
    {"blur", "bl", 1, apply_blur},
    {"sharpen", "sh", 1, apply_sharpen},
    {"pixelate", "pix", 1, apply_pixelate},
    {"watermark", "wm", 5, apply_watermark},
    {"quality", "q", 1, apply_quality},
    {"format_quality", "fq", kMaxFormatQualities, apply_format_quality},
    {"max_bytes", "mb", 1, apply_max_bytes},
    {"dpr", "", 1, apply_dpr},
    {"strip_metadata", "sm", 1, apply_strip_metadata},
    {"keep_copyright", "kcr", 1, apply_keep_copyright},
    {"strip_color_profile", "scp", 1, apply_strip_color_profile},
    {"preserve_hdr", "ph", 1, apply_preserve_hdr},
    {"enforce_thumbnail", "eth", 1, apply_enforce_thumbnail},
    {"raw", "", 1, apply_raw},
    {"filename", "fn", 2, apply_filename},
    {"return_attachment", "att", 1, apply_return_attachment},
    {"format", "f ext", 1, apply_format},
    {"cachebuster", "cb", 1, apply_cache_buster},
    {"info", "", 1, apply_info},
    {"preset", "pr", kMaxPresetsInOneOption, apply_presets, OptionScope::preset},
    {"expires", "exp", 1, apply_expires, OptionScope::link},
    {"lid", "", 1, apply_link_id, OptionScope::link},
    {"sid", "", 1, apply_session, OptionScope::link},
}};

bool is_synonym(std::string_view synonyms, std::string_view name) {
    while (!synonyms.empty()) {
        const std::size_t end = synonyms.find(' ');
        if (synonyms.substr(0, end) == name) return true;
        synonyms = end == std::string_view::npos ? std::string_view{} : synonyms.substr(end + 1);
    }
    return false;
}

const OptionRule* find_rule(std::string_view name) {
    const auto found = std::ranges::find_if(
        kRules, [&](const OptionRule& rule) { return rule.name == name || is_synonym(rule.synonyms, name); });
    return found == kRules.end() ? nullptr : &*found;
}

}  // namespace

std::optional<OptionScope> scope_of(std::string_view option) {
    const OptionRule* rule = find_rule(option);
    return rule == nullptr ? std::nullopt : std::optional(rule->scope);
}

std::optional<OptionText> split_option(std::string_view segment) {
    std::size_t colon = segment.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    OptionText text{std::string(segment.substr(0, colon)), {}};
    text.arguments.reserve(static_cast<std::size_t>(std::ranges::count(segment, ':')));
    while (colon != std::string_view::npos) {
        const std::size_t begin = colon + 1;
        colon = segment.find(':', begin);
        text.arguments.emplace_back(segment.substr(begin, colon == std::string_view::npos ? colon : colon - begin));
    }
    return text;
}

Parsed<void> apply_option(Options& options, const OptionText& text, const Presets& presets) {
    const OptionRule* rule = find_rule(text.name);
    if (rule == nullptr) {
        return refuse(RefusalKind::unknown_option, "unknown option \"" + percent_encode(text.name) + "\"");
    }
    if (text.arguments.size() > rule->max_arguments) {
        return refuse(RefusalKind::bad_argument, "option \"" + std::string(rule->name) + "\" takes at most " +
                                                     std::to_string(rule->max_arguments) + " arguments");
    }
    Context context{options, presets};
    return rule->apply(context, text.arguments);
}

}  // namespace thumbgate
