#include "contract/sources.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kSchemeEnd = "://";
constexpr std::string_view kSchemeCharacters = "abcdefghijklmnopqrstuvwxyz0123456789+-.";

// The escapes that a server may turn into a dot segment. Others stay, so that one that is no escape spares none of
// them.
std::string with_separators_decoded(std::string_view source) {
    std::string decoded;
    for (std::size_t i = 0; i < source.size(); ++i) {
        const auto byte = source[i] == '%' ? percent_decode(source.substr(i, 3)) : std::nullopt;
        const bool separates = byte && (*byte == "." || *byte == "/" || *byte == "\\");
        decoded += separates ? byte->front() : source[i];
        if (separates) i += 2;
    }
    return decoded;
}

bool has_dot_segment(std::string_view source) {
    const std::string path = with_separators_decoded(source);
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find_first_of("/\\", begin), path.size());
        const std::string_view segment = std::string_view(path).substr(begin, end - begin);
        if (segment == "." || segment == "..") return true;
        begin = end + 1;
    }
    return false;
}

}  // namespace

Parsed<void> Sources::add(std::string_view prefix) {
    const std::size_t scheme = prefix.find(kSchemeEnd);
    const bool has_scheme = scheme != 0 && scheme != std::string_view::npos &&
                            prefix.substr(0, scheme).find_first_not_of(kSchemeCharacters) == std::string_view::npos;
    if (!has_scheme || !prefix.ends_with('/')) {
        return refuse(RefusalKind::bad_argument, "\"" + std::string(prefix) +
                                                     "\" is neither a scheme, such as \"photo://\", nor a prefix that "
                                                     "ends in \"/\", such as \"https://img.example.com/\"");
    }
    if (has_dot_segment(prefix)) {
        return refuse(RefusalKind::bad_argument, "\"" + std::string(prefix) + "\" holds a segment \".\" or \"..\"");
    }
    prefixes_.emplace_back(prefix);
    return {};
}

bool Sources::allow(std::string_view source) const {
    if (prefixes_.empty()) return true;
    return std::ranges::any_of(prefixes_, [&](const auto& prefix) { return source.starts_with(prefix); }) &&
           !has_dot_segment(source);
}

}  // namespace thumbgate
