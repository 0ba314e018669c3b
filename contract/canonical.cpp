#include "contract/canonical.hpp"

#include <algorithm>
#include <utility>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kAccept = "accept:";
constexpr std::string_view kSafeInSource = "/:";
constexpr std::string_view kPlain = "plain/";
constexpr std::size_t kUsualOptions = 64;  // bytes of a canonical form before its source; more only cost an allocation

std::uint32_t scaled(std::uint32_t pixels, std::uint32_t dpr) {
    return std::min((pixels * dpr + kDprUnit / 2) / kDprUnit, kMaxDimension);
}

void fold_dpr(Options& options) {
    const std::uint32_t width = scaled(options.width, options.dpr);
    const std::uint32_t height = scaled(options.height, options.dpr);
    // A side that was asked for must not fold to 0, which would mean "not asked for".
    options.width = options.width > 0 && width == 0 ? 1 : width;
    options.height = options.height > 0 && height == 0 ? 1 : height;
    options.dpr = kDprUnit;
}

void reduce_unsized(Options& options) {
    options.resizing_type = ResizingType::fit;
    if (options.dpr > kDprUnit && !options.enlarge) options.dpr = kDprUnit;
    if (options.dpr <= kDprUnit) options.enlarge = false;
}

void append(std::string& form, std::string_view option, std::string_view argument) {
    form += option;
    form += ':';
    form += argument;
    form += '/';
}

void append_options(std::string& form, const Options& options) {
    if (options.resizing_type != ResizingType::fit) append(form, "rt", name(options.resizing_type));
    if (options.width != 0) append(form, "w", std::to_string(options.width));
    if (options.height != 0) append(form, "h", std::to_string(options.height));
    if (options.enlarge) append(form, "el", "1");
    if (options.gravity != Gravity::center) append(form, "g", name(options.gravity));
    if (options.dpr != kDprUnit) append(form, "dpr", format_dpr(options.dpr));
    if (options.quality != 0) append(form, "q", std::to_string(options.quality));
    if (!options.cache_buster.empty()) append(form, "cb", percent_encode(options.cache_buster));
    if (options.format) append(form, "f", name(*options.format));
}

void append_source(std::string& form, std::string_view source) {
    form += kPlain;
    form += percent_encode(source, kSafeInSource);
}

}  // namespace

Conversion reduce(const ThumbLink& link, FormatSet accepted) {
    Conversion conversion{link.options, link.options.format ? FormatSet{} : accepted, link.source};
    Options& options = conversion.options;
    options.expires = 0;
    options.link_id.clear();
    options.session.clear();
    const bool sized = options.width != 0 || options.height != 0;
    const bool both_sides = options.width != 0 && options.height != 0;
    if (!sized) reduce_unsized(options);
    if (!both_sides) options.resizing_type = ResizingType::fit;
    if (options.resizing_type != ResizingType::fill) options.gravity = Gravity::center;
    const bool keeps_target_ratio = options.resizing_type == ResizingType::fill && !options.enlarge;
    if (sized && !keeps_target_ratio) fold_dpr(options);
    if (options.format == Format::png) options.quality = 0;
    return conversion;
}

std::string format_token(const Conversion& conversion) {
    return conversion.options.format ? std::string(name(*conversion.options.format)) : conversion.accepted.token();
}

std::string canonical_form(const Conversion& conversion) {
    std::string form;
    form.reserve(kUsualOptions + conversion.source.size());
    append_options(form, conversion.options);
    if (!conversion.options.format) {
        form += kAccept;
        form += conversion.accepted.token();
        form += '/';
    }
    append_source(form, conversion.source);
    return form;
}

std::string canonical_path(const ThumbLink& link) {
    const Conversion conversion = reduce(link, FormatSet{});
    std::string path = "/";
    append_options(path, conversion.options);
    append_source(path, conversion.source);
    return path;
}

Parsed<Conversion> parse_canonical(std::string_view text) {
    std::string path = '/' + std::string(text);
    FormatSet accepted;
    if (const std::size_t at = path.find("/accept:"); at < path.find("/plain/")) {
        const std::size_t begin = at + 1 + kAccept.size();
        const std::size_t end = path.find('/', begin);
        const auto set = FormatSet::from_token(std::string_view(path).substr(begin, end - begin));
        if (end == std::string::npos || !set) return refuse(RefusalKind::malformed, "no such set of formats");
        accepted = *set;
        path.erase(at, end - at);
    }
    const auto link = parse_link(path, Presets{});
    if (!link) return std::unexpected(link.error());
    Conversion conversion = reduce(*link, accepted);
    if (canonical_form(conversion) != text) return refuse(RefusalKind::malformed, "not in canonical form");
    return conversion;
}

}  // namespace thumbgate
