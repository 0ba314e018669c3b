#include "contract/canonical.hpp"

#include <algorithm>
#include <utility>

#include "contract/encoding.hpp"
#include "contract/reduce_look.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kAccept = "accept:";
constexpr std::string_view kSafeInSource = "/:";
constexpr std::string_view kPlain = "plain/";
constexpr std::size_t kUsualOptions = 64;  // bytes of a canonical form before its source; more only cost an allocation

void append(std::string& form, std::string_view option, std::string_view argument) {
    form += option;
    form += ':';
    form += argument;
    form += '/';
}

void append_number(std::string& form, std::string_view option, std::uint32_t number) {
    if (number != 0) append(form, option, std::to_string(number));
}

void append_size(std::string& form, const Look& look) {
    if (look.resizing_type != ResizingType::fit) append(form, "rt", name(look.resizing_type));
    append_number(form, "w", look.width);
    append_number(form, "h", look.height);
    append_number(form, "mw", look.min_width);
    append_number(form, "mh", look.min_height);
    if (look.zoom_x != look.zoom_y) {
        append(form, "z", format_decimal(look.zoom_x, kDprUnit) + ':' + format_decimal(look.zoom_y, kDprUnit));
    } else if (look.zoom_x != kDprUnit) {
        append(form, "z", format_decimal(look.zoom_x, kDprUnit));
    }
    if (look.enlarge) append(form, "el", "1");
    if (look.extend) append(form, "ex", "1:" + format_anchor(look.extend_gravity));
    if (look.extend_aspect_ratio) append(form, "exar", "1:" + format_anchor(look.extend_aspect_ratio_gravity));
}

void append_source_area(std::string& form, const Look& look) {
    if (look.trims) append(form, "t", format_trim(look));
    if (look.crop_width != 0 || look.crop_height != 0) {
        append(form, "c",
               format_decimal(look.crop_width, kPlaceUnit) + ':' + format_decimal(look.crop_height, kPlaceUnit) + ':' +
                   format_anchor(look.crop_gravity));
    }
    if (!look.auto_rotate) append(form, "ar", "0");
    constexpr std::uint32_t kQuarter = 90;  // degrees
    append_number(form, "rot", look.quarter_turns * kQuarter);
    if (look.flip_horizontally) append(form, "fl", "1");
}

void append_effects(std::string& form, const Look& look) {
    if (look.padding != Padding{}) append(form, "pd", format_padding(look.padding));
    if (look.has_background) append(form, "bg", format_colour(look.background));
    if (look.blur != 0) append(form, "bl", format_decimal(look.blur, kDprUnit));
    if (look.sharpen != 0) append(form, "sh", format_decimal(look.sharpen, kDprUnit));
    append_number(form, "pix", look.pixelate);
    if (look.watermark.opacity != 0) append(form, "wm", format_watermark(look.watermark));
}

std::string format_qualities(const Look& look) {
    std::string text;
    for (std::size_t i = 0; i < look.format_quality.size(); ++i) {
        if (look.format_quality.at(i) == 0) continue;
        if (!text.empty()) text += ':';
        text += std::string(name(static_cast<Format>(i))) + ':' + std::to_string(look.format_quality.at(i));
    }
    return text;
}

void append_encoding(std::string& form, const Options& options) {
    append_number(form, "q", options.quality);
    if (const std::string qualities = format_qualities(options); !qualities.empty()) append(form, "fq", qualities);
    append_number(form, "mb", options.max_bytes);
    if (options.keep_copyright) append(form, "kcr", "1");
    if (!options.cache_buster.empty()) append(form, "cb", percent_encode(options.cache_buster));
    if (options.format) append(form, "f", name(*options.format));
}

void append_options(std::string& form, const Options& options) {
    if (options.info) append(form, "info", "1");
    append_size(form, options);
    append_source_area(form, options);
    if (options.gravity != Gravity::center) append(form, "g", format_anchor(options.gravity));
    append_effects(form, options);
    if (options.dpr != kDprUnit) append(form, "dpr", format_dpr(options.dpr));
    append_encoding(form, options);
}

// What the encoder does not look at.
void reduce_encoding(Options& options, FormatSet accepted) {
    const auto drop_quality_of = [&](Format format) {
        options.format_quality.at(static_cast<std::size_t>(format)) = 0;
    };
    if (options.format && options.quality == 0) {
        options.quality = options.format_quality.at(static_cast<std::size_t>(*options.format));
    }
    if (options.format || options.quality != 0) options.format_quality = {};
    for (const Format format : {Format::png, Format::gif, Format::jxl}) drop_quality_of(format);
    for (const Format format : {Format::webp, Format::avif}) {
        if (!accepted.has(format)) drop_quality_of(format);
    }
    if (options.format == Format::png || options.format == Format::gif) options.quality = 0;
    if (options.format && options.format != Format::jpeg && options.format != Format::webp) options.max_bytes = 0;
}

void append_source(std::string& form, std::string_view source) {
    form += kPlain;
    form += percent_encode(source, kSafeInSource);
}

}  // namespace

Conversion reduce(const ThumbLink& link, FormatSet accepted) {
    Conversion conversion{link.options, {}, link.source};
    if (conversion.is_negotiated()) conversion.accepted = accepted;
    Options& options = conversion.options;
    options.expires = 0;
    options.link_id.clear();
    options.session.clear();
    options.filename.clear();
    options.as_attachment = false;
    reduce_look(options);
    reduce_encoding(options, conversion.accepted);
    return conversion;
}

std::string format_token(const Conversion& conversion) {
    if (conversion.options.info) return "json";
    return conversion.options.format ? std::string(name(*conversion.options.format)) : conversion.accepted.token();
}

std::string canonical_form(const Conversion& conversion) {
    std::string form;
    form.reserve(kUsualOptions + conversion.source.size());
    append_options(form, conversion.options);
    if (conversion.is_negotiated()) {
        form += kAccept;
        form += conversion.accepted.token();
        form += '/';
    }
    append_source(form, conversion.source);
    return form;
}

std::string canonical_path(const ThumbLink& link) {
    const Conversion conversion = reduce(link, FormatSet{}.with(Format::avif).with(Format::webp));
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
