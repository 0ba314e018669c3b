#include "backend/conversion/svg_sniff.hpp"

#include <algorithm>
#include <optional>

namespace thumbgate {
namespace {

using enum Sniffed;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kEndsOfName = " \t\r\n/>[";
constexpr std::string_view kDocumentType = "<!DOCTYPE";

struct Enclosed {
    std::string_view begin;
    std::string_view end;
};
constexpr Enclosed kPassedOver[] = {{"<?", "?>"}, {"<!--", "-->"}};

void skip(std::string_view& text, std::size_t size) {
    text.remove_prefix(std::min(size, text.size()));
}

// The text has nothing but this mark or the beginning of it.
bool is_cut_in(std::string_view text, std::string_view mark) {
    return text.size() < mark.size() && mark.starts_with(text);
}

Sniffed is_svg_name(std::string_view text) {
    const std::size_t end = text.find_first_of(kEndsOfName);
    if (end == std::string_view::npos) return undecided;
    const std::string_view name = text.substr(0, end);
    const std::size_t prefix = name.find(':');
    return (prefix == std::string_view::npos ? name : name.substr(prefix + 1)) == "svg" ? yes : no;
}

// Of what stands in front of the first element, behind its beginning. nullopt: it was passed over.
std::optional<Sniffed> pass_over(std::string_view& text) {
    for (const auto& [begin, end] : kPassedOver) {
        if (!text.starts_with(begin)) continue;
        const std::size_t found = text.find(end, begin.size());
        if (found == std::string_view::npos) return undecided;
        skip(text, found + end.size());
        return std::nullopt;
    }
    if (text.starts_with(kDocumentType)) {
        skip(text, kDocumentType.size());
        skip(text, text.find_first_not_of(kSpaces));
        return is_svg_name(text);
    }
    if (is_cut_in(text, kDocumentType) || is_cut_in(text, "<!--")) return undecided;
    return text.starts_with('<') ? is_svg_name(text.substr(1)) : no;
}

}  // namespace

Sniffed sniff_svg(std::string_view head) {
    if (head.starts_with(kByteOrderMark)) skip(head, kByteOrderMark.size());
    if (is_cut_in(head, kByteOrderMark)) return undecided;
    for (;;) {
        skip(head, head.find_first_not_of(kSpaces));
        if (head.empty()) return undecided;
        if (const auto sniffed = pass_over(head)) return *sniffed;
    }
}

}  // namespace thumbgate
