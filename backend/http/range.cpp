#include "backend/http/range.hpp"

#include <algorithm>
#include <optional>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kUnit = "bytes=";

std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpace = " \t";
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Of what is_number(): one that is too large is as good as the largest, as are its leading zeros as none.
std::uint64_t number(std::string_view digits) {
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
    return parse_decimal(digits, UINT64_MAX).value_or(UINT64_MAX);
}

// "0-99", "100-" or "-50"; nullopt for anything else.
std::optional<ByteRange> parse_spec(std::string_view spec, std::uint64_t size) {
    const std::size_t dash = spec.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const std::string_view first = spec.substr(0, dash);
    const std::string_view last = spec.substr(dash + 1);
    if (first.empty()) {
        if (!is_number(last)) return std::nullopt;
        const std::uint64_t suffix = std::min(number(last), size);
        return ByteRange{size - suffix, suffix};
    }
    if (!is_number(first) || (!last.empty() && !is_number(last))) return std::nullopt;
    const std::uint64_t begin = number(first);
    const std::uint64_t end = last.empty() ? UINT64_MAX : number(last);
    if (end < begin) return std::nullopt;
    if (begin >= size) return ByteRange{};
    return ByteRange{begin, std::min(end, size - 1) - begin + 1};
}

}  // namespace

RangeChoice choose_range(const Request& request, std::uint64_t size, std::string_view etag) {
    const RangeChoice whole{RangeChoice::Kind::whole, {0, size}};
    if (request.method != "GET" || count_headers(request.headers, "Range") != 1) return whole;
    const std::string_view version = trim(request.header("If-Range"));
    if (!version.empty() && version != etag) return whole;
    const std::string_view header = trim(request.header("Range"));
    if (!equal_without_case(header.substr(0, kUnit.size()), kUnit)) return whole;
    const auto range = parse_spec(trim(header.substr(kUnit.size())), size);
    if (!range) return whole;
    if (range->size == 0) return {RangeChoice::Kind::none, {}};
    return {RangeChoice::Kind::part, *range};
}

std::string content_range(const RangeChoice& choice, std::uint64_t size) {
    const std::string all = "/" + std::to_string(size);
    if (choice.kind == RangeChoice::Kind::none) return "bytes *" + all;
    const std::uint64_t last = choice.range.first + choice.range.size - 1;
    return "bytes " + std::to_string(choice.range.first) + "-" + std::to_string(last) + all;
}

}  // namespace thumbgate
