#include "contract/ladder.hpp"

#include <algorithm>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kAnyWidth = "*";

// An escaped colon makes an option as well: the source begins where no colon is left.
bool is_option(std::string_view segment) {
    return segment.find(':') != std::string_view::npos || segment.find("%3A") != std::string_view::npos ||
           segment.find("%3a") != std::string_view::npos;
}

// The argument of the one width among the options, a view into `path`.
std::optional<std::string_view> find_width(std::string_view path) {
    std::optional<std::string_view> width;
    for (std::size_t begin = 1; begin < path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view segment = path.substr(begin, end - begin);
        if (!is_option(segment)) break;
        const std::string_view name = segment.substr(0, segment.find(':'));
        if (name == "w" || name == "width") {
            if (width) return std::nullopt;
            width = segment.substr(name.size() + 1);
        }
        begin = end + 1;
    }
    return width;
}

std::string replaced(std::string_view path, std::string_view part, std::string_view by) {
    const auto at = static_cast<std::size_t>(part.data() - path.data());
    std::string text;
    text.reserve(path.size() + by.size());
    text += path.substr(0, at);
    text += by;
    text += path.substr(at + part.size());
    return text;
}

}  // namespace

Parsed<void> Ladder::add(std::string_view width) {
    const auto pixels = parse_decimal(width, kMaxDimension);
    if (!pixels || *pixels == 0 || width.front() == '0') {
        return refuse(RefusalKind::bad_argument,
                      "\"" + std::string(width) + "\" is not a width, a number of pixels from 1 to 65535");
    }
    if (has(width)) return refuse(RefusalKind::bad_argument, "the width " + std::string(width) + " is there twice");
    widths_.emplace_back(width);
    return {};
}

bool Ladder::has(std::string_view width) const {
    return std::ranges::find(widths_, width) != widths_.end();
}

std::optional<std::string> with_any_width(std::string_view path, const Ladder& ladder) {
    const auto width = find_width(path);
    if (!width || !ladder.has(*width)) return std::nullopt;
    return replaced(path, *width, kAnyWidth);
}

std::optional<std::string> with_width(std::string_view path, std::string_view width) {
    const auto any = find_width(path);
    if (any != kAnyWidth) return std::nullopt;
    return replaced(path, *any, width);
}

const Key* verify_link(const KeyRing& keys, const SignedPath& link, std::uint64_t now, const SignatureRules& rules) {
    if (const Key* signer = keys.verify(link.signature, link.path, now, rules.size)) return signer;
    if (rules.ladder == nullptr || rules.ladder->empty()) return nullptr;
    const auto path = with_any_width(link.path, *rules.ladder);
    return path ? keys.verify(link.signature, *path, now, rules.size) : nullptr;
}

}  // namespace thumbgate
