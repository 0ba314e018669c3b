#include "backend/http/content_digest.hpp"

#include <algorithm>
#include <utility>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kKeyLetters = "abcdefghijklmnopqrstuvwxyz0123456789_-.*";
constexpr std::size_t kSha256Bytes = 32;

void skip_space(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
}

bool skip(std::string_view& rest, char wanted) {
    if (!rest.starts_with(wanted)) return false;
    rest.remove_prefix(1);
    return true;
}

// Base64 of the standard alphabet with its padding.
std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
    if (text.find_first_of("-_") != std::string_view::npos) return std::nullopt;
    std::string url_safe(text);
    std::ranges::replace(url_safe, '+', '-');
    std::ranges::replace(url_safe, '/', '_');
    return base64url_decode_strict(url_safe);
}

struct Member {
    std::string_view algorithm;
    std::string bytes;
};

// Takes "algorithm=:base64:" off the front.
std::optional<Member> take_member(std::string_view& rest) {
    const std::size_t length = std::min(rest.find_first_not_of(kKeyLetters), rest.size());
    const std::string_view algorithm = rest.substr(0, length);
    rest.remove_prefix(length);
    if (algorithm.empty() || !skip(rest, '=') || !skip(rest, ':')) return std::nullopt;
    const std::size_t end = rest.find(':');
    if (end == std::string_view::npos) return std::nullopt;
    auto bytes = base64_decode(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    if (!bytes || (algorithm == "sha-256" && bytes->size() != kSha256Bytes)) return std::nullopt;
    return Member{algorithm, std::move(*bytes)};
}

}  // namespace

Result<std::optional<std::string>> parse_content_digest(std::string_view value) {
    std::optional<std::string> wanted;
    skip_space(value);
    while (!value.empty()) {
        const auto member = take_member(value);
        skip_space(value);
        const bool is_last = value.empty();
        const bool is_whole = member && (is_last || skip(value, ','));
        skip_space(value);
        if (!is_whole || (!is_last && value.empty())) {
            return fail(400, "malformed_digest",
                        "Content-Digest is not understood; write it like sha-256=:<base64 of the digest>:.");
        }
        if (member->algorithm == "sha-256") wanted = hex_encode(as_bytes(member->bytes));
    }
    return wanted;
}

}  // namespace thumbgate
