#include "contract/thumb_url.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kPlain = "plain";
constexpr std::string_view kPhotoScheme = "photo://";

std::string_view without_query(std::string_view target) {
    return target.substr(0, target.find('?'));
}

// RFC 3986 has no such byte in a path; nginx lets some through.
constexpr auto kForbiddenInPath = [] {
    std::array<bool, 256> forbidden{};
    for (std::size_t byte = 0; byte <= 0x20; ++byte) forbidden[byte] = true;
    forbidden[0x7F] = forbidden['#'] = true;
    return forbidden;
}();

bool is_forbidden_in_path(char c) {
    return kForbiddenInPath[static_cast<unsigned char>(c)];
}

Parsed<std::string> decode_escapes(std::string_view text) {
    auto decoded = percent_decode(text);
    if (!decoded) return refuse(RefusalKind::malformed, "a \"%\" that is not followed by two hex digits");
    return std::move(*decoded);
}

Parsed<void> apply_source_format(Options& options, std::string_view format) {
    if (format.empty()) return {};
    auto decoded = decode_escapes(format);
    if (!decoded) return std::unexpected(decoded.error());
    return apply_option(options, OptionText{"format", {*decoded}}, Presets{});
}

// Splits `text` at its one `separator`: a second one is ambiguous and refused.
Parsed<std::pair<std::string_view, std::string_view>> split_format(std::string_view text, char separator) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return std::pair{text, std::string_view{}};
    const std::string_view format = text.substr(at + 1);
    if (format.find(separator) != std::string_view::npos) {
        return refuse(RefusalKind::bad_source, std::string("more than one \"") + separator + "\" in the source");
    }
    return std::pair{text.substr(0, at), format};
}

Parsed<std::string> decode_plain(std::string_view rest, Options& options) {
    const auto parts = split_format(rest, '@');
    if (!parts) return std::unexpected(parts.error());
    auto source = decode_escapes(parts->first);
    if (!source) return source;
    if (auto applied = apply_source_format(options, parts->second); !applied) return std::unexpected(applied.error());
    return source;
}

Parsed<std::string> decode_base64(std::string_view rest, Options& options) {
    auto unescaped = decode_escapes(rest);
    if (!unescaped) return unescaped;
    std::erase(*unescaped, '/');
    const auto parts = split_format(*unescaped, '.');
    if (!parts) return std::unexpected(parts.error());
    auto source = base64url_decode_lenient(parts->first);
    if (!source) return refuse(RefusalKind::bad_source, "the source is neither \"plain/…\" nor base64url");
    if (auto applied = apply_source_format(options, parts->second); !applied) return std::unexpected(applied.error());
    return std::move(*source);
}

Parsed<std::string> decode_source(std::string_view rest, Options& options) {
    const std::size_t slash = rest.find('/');
    const bool plain = slash != std::string_view::npos && percent_decode(rest.substr(0, slash)) == kPlain;
    auto source = plain ? decode_plain(rest.substr(slash + 1), options) : decode_base64(rest, options);
    if (source && source->empty()) return refuse(RefusalKind::bad_source, "the link names no source");
    if (source && std::ranges::any_of(*source, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
        return refuse(RefusalKind::bad_source, "the source holds a control character");
    }
    return source;
}

// Which segments are options, and which one is where the source begins.
class OptionReader {
  public:
    explicit OptionReader(const LinkRules& rules) : rules_(rules) {}

    // nullopt where the source begins.
    Parsed<std::optional<OptionText>> read(const std::string& segment) {
        auto text = split_option(segment);
        if (!rules_.presets_only) return text;
        const auto scope = text ? scope_of(text->name) : std::nullopt;
        if (scope == OptionScope::link) return text;
        if (scope != OptionScope::preset && preset_seen_) return text ? not_allowed(*text) : std::move(text);
        const bool is_list = scope != OptionScope::preset;
        if (is_list && scope && rules_.presets.find(text->name) == nullptr) return not_allowed(*text);
        preset_seen_ = true;
        return is_list ? split_option("preset:" + segment) : std::move(text);
    }

  private:
    static Parsed<std::optional<OptionText>> not_allowed(const OptionText& text) {
        return refuse(RefusalKind::unknown_option,
                      "option \"" + percent_encode(text.name) +
                          "\" is not allowed here: a link of this place names presets only");
    }

    const LinkRules& rules_;
    bool preset_seen_ = false;
};

// Applies the options at the front of `rest` and takes them off it.
Parsed<void> take_options(std::string_view& rest, Options& options, const LinkRules& rules) {
    OptionReader reader(rules);
    for (std::size_t count = 0; !rest.empty(); ++count) {
        const std::size_t slash = rest.find('/');
        auto segment = decode_escapes(rest.substr(0, slash));
        if (!segment) return std::unexpected(segment.error());
        const auto text = reader.read(*segment);
        if (!text) return std::unexpected(text.error());
        if (!*text) return {};
        if (count == kMaxOptions) return refuse(RefusalKind::malformed, "more than 64 options");
        if (auto applied = apply_option(options, **text, rules.presets); !applied) return applied;
        rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    }
    return {};
}

// The options without those about a picture, and how it is saved.
Options without_picture(Options options) {
    static_cast<Look&>(options) = {};
    options.format.reset();
    options.filename.clear();
    options.as_attachment = false;
    return options;
}

Parsed<void> apply_default_preset(Options& options, const Presets& presets) {
    constexpr std::string_view kName = "default";
    if (presets.find(kName) == nullptr) return {};
    return apply_option(options, {"preset", {std::string(kName)}}, presets);
}

// A default preset is for the pictures of its place: what it says of them is dropped, and what the link adds refused.
Parsed<void> reduce_to_info(Options& options, const Presets& presets) {
    Options by_default;
    if (auto applied = apply_default_preset(by_default, presets); !applied) return applied;
    const auto picture_of = [](const Options& all) {
        return std::tuple(static_cast<const Look&>(all), all.format, all.filename, all.as_attachment);
    };
    const bool asks_for_picture = picture_of(options) != picture_of(by_default);
    options = without_picture(std::move(options));
    if (!asks_for_picture) return {};
    return refuse(
        RefusalKind::bad_argument,
        "option \"info\" asks for no picture: beside it a link names \"cachebuster\", \"expires\", \"lid\" and "
        "\"sid\" alone");
}

// What no single option can say of itself.
Parsed<void> check_whole(const ThumbLink& link, const LinkRules& rules) {
    if (!link.options.link_id.empty() && link.options.expires == 0) {
        return refuse(RefusalKind::bad_argument,
                      "option \"lid\" needs \"exp\": a revocation is kept no longer than the link lives");
    }
    const Options& options = link.options;
    const bool crops = options.crop_width != 0 || options.crop_height != 0;
    if (crops && !options.has_crop_gravity && options.gravity.gravity == Gravity::smart) {
        return refuse(RefusalKind::bad_argument,
                      "option \"crop\" needs a gravity of its own where that of the picture is sm");
    }
    if (rules.sources != nullptr && !rules.sources->allow(link.source)) {
        return refuse(RefusalKind::forbidden_source, "a link of this place may not name this source");
    }
    return {};
}

}  // namespace

Parsed<SignedPath> split_signature(std::string_view target) {
    target = without_query(target);
    if (target.size() > kMaxLinkLength) return refuse(RefusalKind::malformed, "the link is longer than 8192 bytes");
    const std::size_t slash = target.find('/');
    if (slash == std::string_view::npos || slash == 0) {
        return refuse(RefusalKind::malformed, "a link is <signature>/<options>/<source>");
    }
    return SignedPath{target.substr(0, slash), target.substr(slash)};
}

Parsed<ThumbLink> parse_link(std::string_view path, const LinkRules& rules) {
    if (!path.starts_with('/')) return refuse(RefusalKind::malformed, "the path does not begin with \"/\"");
    if (std::ranges::any_of(path, is_forbidden_in_path)) {
        return refuse(RefusalKind::malformed, "the path holds a byte that must be percent-encoded");
    }
    ThumbLink link;
    Options& options = link.options;
    if (auto applied = apply_default_preset(options, rules.presets); !applied) return std::unexpected(applied.error());
    std::string_view rest = path.substr(1);
    if (auto taken = take_options(rest, options, rules); !taken) return std::unexpected(taken.error());
    auto source = decode_source(rest, options);
    if (!source) return std::unexpected(source.error());
    link.source = std::move(*source);
    if (options.info) {
        if (auto reduced = reduce_to_info(options, rules.presets); !reduced) return std::unexpected(reduced.error());
    }
    if (auto checked = check_whole(link, rules); !checked) return std::unexpected(checked.error());
    return link;
}

std::string_view photo_id(std::string_view source) {
    return source.starts_with(kPhotoScheme) ? source.substr(kPhotoScheme.size()) : std::string_view{};
}

std::string_view source_name(std::string_view source) {
    const std::string_view id = photo_id(source);
    return id.empty() ? source : id;
}

std::string redact(std::string_view prefix, std::string_view target) {
    target = without_query(target);
    const std::size_t slash = target.find('/');
    const std::string_view path = slash != std::string_view::npos ? target.substr(slash) : std::string_view{};
    std::string redacted;
    redacted.reserve(prefix.size() + 1 + path.size());
    redacted += prefix;
    redacted += '-';
    redacted += path;
    return redacted;
}

}  // namespace thumbgate
