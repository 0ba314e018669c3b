#include "contract/options.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

using Arguments = std::vector<std::string>;

struct Context {
    Options& options;
    const Presets& presets;
};

constexpr std::array<std::pair<std::string_view, ResizingType>, 3> kResizingTypes{{
    {"fit", ResizingType::fit},
    {"fill", ResizingType::fill},
    {"force", ResizingType::force},
}};

constexpr std::array<std::pair<std::string_view, Gravity>, 10> kGravities{{
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
}};

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

std::unexpected<Refusal> bad_argument(std::string_view option, std::string_view argument, std::string_view wanted) {
    return refuse(RefusalKind::bad_argument, "option \"" + std::string(option) + "\" takes " + std::string(wanted) +
                                                 ", not \"" + percent_encode(argument, ":+,") + "\"");
}

Parsed<void> parse_dimension(std::string_view option, const std::string& argument, std::uint32_t& value) {
    const auto number = parse_decimal(argument, kMaxDimension);
    if (!number) return bad_argument(option, argument, "a number of pixels from 0 to 65535");
    value = static_cast<std::uint32_t>(*number);
    return {};
}

// The spellings of Go's strconv.ParseBool, which imgproxy uses.
Parsed<void> parse_flag(std::string_view option, const std::string& argument, bool& value) {
    for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
        if (argument == yes) return value = true, Parsed<void>{};
    }
    for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
        if (argument == no) return value = false, Parsed<void>{};
    }
    return bad_argument(option, argument, "1 or 0");
}

Parsed<void> apply_width(Context& to, const Arguments& arguments) {
    return parse_dimension("width", arguments[0], to.options.width);
}

Parsed<void> apply_height(Context& to, const Arguments& arguments) {
    return parse_dimension("height", arguments[0], to.options.height);
}

Parsed<void> apply_resizing_type(Context& to, const Arguments& arguments) {
    if (lookup(kResizingTypes, arguments[0], to.options.resizing_type)) return {};
    return bad_argument("resizing_type", arguments[0], "fit, fill or force");
}

Parsed<void> apply_enlarge(Context& to, const Arguments& arguments) {
    return parse_flag("enlarge", arguments[0], to.options.enlarge);
}

// Extending to the full size is not offered; saying so explicitly is accepted when it is off.
Parsed<void> apply_extend(const std::string& argument) {
    bool extend = false;
    if (auto parsed = parse_flag("extend", argument, extend); !parsed) return parsed;
    if (extend) return refuse(RefusalKind::unknown_option, "option \"extend\" is not supported");
    return {};
}

Parsed<void> apply_size(Context& to, const Arguments& arguments) {
    using Part = Parsed<void> (*)(Context&, const Arguments&);
    constexpr std::array<Part, 3> parts{apply_width, apply_height, apply_enlarge};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i].empty()) continue;
        auto applied = i < parts.size() ? parts[i](to, {arguments[i]}) : apply_extend(arguments[i]);
        if (!applied) return applied;
    }
    return {};
}

Parsed<void> apply_resize(Context& to, const Arguments& arguments) {
    if (!arguments[0].empty()) {
        if (auto applied = apply_resizing_type(to, arguments); !applied) return applied;
    }
    return apply_size(to, {arguments.begin() + 1, arguments.end()});
}

Parsed<void> apply_gravity(Context& to, const Arguments& arguments) {
    if (!lookup(kGravities, arguments[0], to.options.gravity)) {
        return bad_argument("gravity", arguments[0], "ce, no, so, ea, we, noea, nowe, soea, sowe or sm");
    }
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        if (!arguments[i].empty() && arguments[i] != "0") {
            return bad_argument("gravity", arguments[i], "no offset but 0 yet");
        }
    }
    return {};
}

Parsed<void> apply_quality(Context& to, const Arguments& arguments) {
    const auto number = parse_decimal(arguments[0], 100);
    if (!number) return bad_argument("quality", arguments[0], "a number from 0 to 100");
    to.options.quality = static_cast<std::uint32_t>(*number);
    return {};
}

Parsed<void> apply_dpr(Context& to, const Arguments& arguments) {
    const std::string& text = arguments[0];
    const std::size_t point = text.find('.');
    std::string thousandths = point == std::string::npos ? "" : text.substr(point + 1);
    const auto whole = parse_decimal(text.substr(0, point), kMaxDpr / kDprUnit);
    const bool fraction_fits = point == std::string::npos || (!thousandths.empty() && thousandths.size() <= 3);
    thousandths.resize(3, '0');
    const auto fraction = parse_decimal(thousandths, kDprUnit);
    if (whole && fraction && fraction_fits) {
        const auto dpr = static_cast<std::uint32_t>(*whole * kDprUnit + *fraction);
        if (dpr > 0 && dpr <= kMaxDpr) return to.options.dpr = dpr, Parsed<void>{};
    }
    return bad_argument("dpr", text, "a number above 0, up to 10, with at most three decimals");
}

Parsed<void> apply_format(Context& to, const Arguments& arguments) {
    to.options.format = format_from_name(arguments[0]);
    if (to.options.format) return {};
    return bad_argument("format", arguments[0], "jpeg, png, webp or avif");
}

Parsed<void> apply_expires(Context& to, const Arguments& arguments) {
    const auto number = parse_decimal(arguments[0], INT64_MAX);
    if (!number) return bad_argument("expires", arguments[0], "a time in unix seconds");
    to.options.expires = *number;
    return {};
}

bool consists_of(std::string_view text, std::string_view characters) {
    return text.find_first_not_of(characters) == std::string_view::npos;
}

Parsed<void> apply_link_id(Context& to, const Arguments& arguments) {
    constexpr std::string_view characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const std::string& id = arguments[0];
    if (id.empty() || id.size() > kMaxLinkId || !consists_of(id, characters)) {
        return bad_argument("lid", id, "1 to 64 letters, digits, \"-\" and \"_\"");
    }
    to.options.link_id = id;
    return {};
}

Parsed<void> apply_session(Context& to, const Arguments& arguments) {
    const std::string& hash = arguments[0];
    if (hash.size() != kSessionHashDigits || !consists_of(hash, "0123456789abcdef")) {
        return bad_argument("sid", hash, "a session's hash, 32 hex digits in lower case");
    }
    to.options.session = hash;
    return {};
}

Parsed<void> apply_cache_buster(Context& to, const Arguments& arguments) {
    if (arguments[0].size() > kMaxCacheBuster) return bad_argument("cachebuster", "…", "at most 256 bytes");
    to.options.cache_buster = arguments[0];
    return {};
}

Parsed<void> apply_presets(Context& to, const Arguments& arguments) {
    for (const std::string& preset : arguments) {
        const std::vector<OptionText>* texts = to.presets.find(preset);
        if (texts == nullptr) return bad_argument("preset", preset, "the name of a configured preset");
        for (const OptionText& text : *texts) {
            if (auto applied = apply_option(to.options, text, to.presets); !applied) return applied;
        }
    }
    return {};
}

struct OptionRule {
    std::string_view name;
    std::string_view synonyms;  // separated by spaces
    std::size_t max_arguments;
    Parsed<void> (*apply)(Context&, const Arguments&);
    OptionScope scope = OptionScope::picture;
};

constexpr std::size_t kMaxPresetsInOneOption = 16;

constexpr std::array<OptionRule, 15> kRules{{
    {"resize", "rs", 5, apply_resize},
    {"size", "s", 4, apply_size},
    {"resizing_type", "rt", 1, apply_resizing_type},
    {"width", "w", 1, apply_width},
    {"height", "h", 1, apply_height},
    {"enlarge", "el", 1, apply_enlarge},
    {"gravity", "g", 3, apply_gravity},
    {"quality", "q", 1, apply_quality},
    {"dpr", "", 1, apply_dpr},
    {"format", "f ext", 1, apply_format},
    {"cachebuster", "cb", 1, apply_cache_buster},
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

std::string_view name(ResizingType type) {
    return name_in(kResizingTypes, type);
}
std::string_view name(Gravity gravity) {
    return name_in(kGravities, gravity);
}

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

Parsed<void> Presets::define(std::string_view name, std::string_view options) {
    if (name.empty()) return refuse(RefusalKind::bad_argument, "a preset needs a name");
    if (presets_.contains(name)) {
        return refuse(RefusalKind::bad_argument, "preset \"" + std::string(name) + "\" is defined twice");
    }
    std::vector<OptionText> texts;
    Options trial;
    while (!options.empty()) {
        const std::size_t end = options.find('/');
        const std::string_view segment = options.substr(0, end);
        options = end == std::string_view::npos ? std::string_view{} : options.substr(end + 1);
        auto text = split_option(segment);
        if (!text) return refuse(RefusalKind::malformed, "\"" + std::string(segment) + "\" is not an option");
        if (auto applied = apply_option(trial, *text, *this); !applied) return applied;
        if (const OptionRule* rule = find_rule(text->name); rule->scope == OptionScope::link) {
            return refuse(RefusalKind::bad_argument,
                          "a preset cannot hold \"" + std::string(rule->name) + "\": it belongs to a link");
        }
        texts.push_back(std::move(*text));
    }
    presets_.emplace(name, std::move(texts));
    return {};
}

const std::vector<OptionText>* Presets::find(std::string_view name) const {
    const auto found = presets_.find(name);
    return found == presets_.end() ? nullptr : &found->second;
}

std::string format_dpr(std::uint32_t dpr) {
    std::string text = std::to_string(dpr / kDprUnit);
    if (dpr % kDprUnit == 0) return text;
    std::string fraction = std::to_string(kDprUnit + dpr % kDprUnit).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return text + "." + fraction;
}

}  // namespace thumbgate
