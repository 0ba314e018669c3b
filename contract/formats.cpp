#include "contract/formats.hpp"

#include <array>

namespace thumbgate {
namespace {

struct FormatNames {
    Format format;
    std::string_view name;
    std::string_view media_type;
};

constexpr std::array<FormatNames, 6> kFormats{{
    {Format::jpeg, "jpeg", "image/jpeg"},
    {Format::png, "png", "image/png"},
    {Format::webp, "webp", "image/webp"},
    {Format::avif, "avif", "image/avif"},
    {Format::gif, "gif", "image/gif"},
    {Format::jxl, "jxl", "image/jxl"},
}};

const FormatNames& names_of(Format format) {
    return kFormats[static_cast<std::size_t>(format)];
}

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// Takes the text before `separator` off the front of `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view head = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return trim(head);
}

// "0", "0.", "0.0", "0.00", "0.000": the weight that means "not acceptable".
bool is_zero_weight(std::string_view weight) {
    return weight.starts_with('0') && weight.find_first_not_of("0.") == std::string_view::npos;
}

bool has_zero_weight(std::string_view parameters) {
    while (!parameters.empty()) {
        std::string_view parameter = take_until(parameters, ';');
        const std::string_view key = take_until(parameter, '=');
        if (equals_ignoring_case(key, "q") && is_zero_weight(trim(parameter))) return true;
    }
    return false;
}

}  // namespace

std::string_view name(Format format) {
    return names_of(format).name;
}
std::string_view media_type(Format format) {
    return names_of(format).media_type;
}

std::optional<Format> format_from_name(std::string_view name) {
    if (name == "jpg") return Format::jpeg;
    for (const FormatNames& entry : kFormats) {
        if (entry.name == name) return entry.format;
    }
    return std::nullopt;
}

std::string FormatSet::token() const {
    if (has(Format::avif)) return has(Format::webp) ? "avif+webp" : "avif";
    return has(Format::webp) ? "webp" : "base";
}

std::optional<FormatSet> FormatSet::from_token(std::string_view token) {
    for (const FormatSet set : {FormatSet{}, FormatSet{}.with(Format::webp), FormatSet{}.with(Format::avif),
                                FormatSet{}.with(Format::avif).with(Format::webp)}) {
        if (set.token() == token) return set;
    }
    return std::nullopt;
}

FormatSet accepted_formats(std::string_view accept_header, FormatSet offered) {
    FormatSet accepted;
    while (!accept_header.empty()) {
        std::string_view parameters = take_until(accept_header, ',');
        const std::string_view range = take_until(parameters, ';');
        for (const Format format : {Format::avif, Format::webp}) {
            if (equals_ignoring_case(range, media_type(format)) && !has_zero_weight(parameters)) {
                accepted = accepted.with(format);
            }
        }
    }
    return accepted & offered;
}

}  // namespace thumbgate
