#include "nginx-module/content_disposition/disposition.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "contract/encoding.hpp"

namespace thumbgate::edge {
namespace {

struct Extension {
    std::string_view type;
    std::string_view text;
    std::string_view same;  // another spelling that names keep
};

constexpr std::array<Extension, 7> kExtensions{{
    {"image/jpeg", ".jpg", ".jpeg"},
    {"image/png", ".png", ".png"},
    {"image/webp", ".webp", ".webp"},
    {"image/avif", ".avif", ".avif"},
    {"image/gif", ".gif", ".gif"},
    {"image/jxl", ".jxl", ".jxl"},
    {"image/tiff", ".tiff", ".tif"},
}};

constexpr std::string_view kNameless = "image";

bool ends_in(std::string_view name, std::string_view extension) {
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
    return name.size() > extension.size() &&
           std::ranges::equal(name.substr(name.size() - extension.size()), extension, same);
}

// The last part of a path or URL, without query and extension.
std::string_view source_stem(std::string_view source) {
    source = source.substr(0, source.find_first_of("?#"));
    source = source.substr(source.find_last_of("/\\") + 1);
    const std::size_t dot = source.rfind('.');
    source = source.substr(0, dot == 0 ? std::string_view::npos : dot);
    return source.empty() || !is_utf8(source) ? kNameless : source;
}

std::string saved_as(const ThumbLink& link, std::string_view content_type) {
    std::string name = link.options.filename;
    if (name.empty()) name = source_stem(link.source);
    const auto* const found = std::ranges::find(kExtensions, content_type, &Extension::type);
    if (found == kExtensions.end() || ends_in(name, found->text) || ends_in(name, found->same)) return name;
    return name + std::string(found->text);
}

bool is_plain(char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '%';
}

// One "_" for each character that some client would not read in quotes.
std::string in_ascii(std::string_view name) {
    std::string text;
    for (const char c : name) {
        const bool continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80;
        if (!continues) text += is_plain(c) ? c : '_';
    }
    return text;
}

}  // namespace

std::string content_disposition(const ThumbLink& link, std::string_view content_type) {
    const Options& options = link.options;
    if (options.filename.empty() && !options.as_attachment) return {};
    const std::string name = saved_as(link, content_type);
    std::string value = options.as_attachment ? "attachment" : "inline";
    value += "; filename=\"" + in_ascii(name) + '"';
    if (!std::ranges::all_of(name, is_plain)) value += "; filename*=UTF-8''" + percent_encode(name);
    return value;
}

}  // namespace thumbgate::edge
