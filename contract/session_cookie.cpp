#include "contract/session_cookie.hpp"

#include <array>
#include <span>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::size_t kRandomBytes = 16;
constexpr std::size_t kExpiryBytes = 8;
constexpr std::size_t kMacBytes = 16;
constexpr std::size_t kHashBytes = 16;
constexpr std::size_t kSignedBytes = kRandomBytes + kExpiryBytes;

std::string signed_part(const SessionToken& token) {
    std::string bytes = token.random;
    for (std::size_t i = 0; i < kExpiryBytes; ++i) {
        bytes += static_cast<char>((token.expires >> (8 * (kExpiryBytes - 1 - i))) & 0xFF);
    }
    return bytes;
}

std::uint64_t read_expiry(std::string_view bytes) {
    std::uint64_t expires = 0;
    for (const char byte : bytes) expires = (expires << 8) | static_cast<std::uint8_t>(byte);
    return expires;
}

}  // namespace

std::string SessionToken::hash() const {
    const Sha256 digest = sha256(random);
    return hex_encode(std::span(digest).first<kHashBytes>());
}

SessionToken new_session_token(std::uint64_t expires) {
    std::array<std::uint8_t, kRandomBytes> random{};
    fill_random(random);
    return {std::string(random.begin(), random.end()), expires};
}

std::string encode_session_token(const HmacKey& cookie_key, const SessionToken& token) {
    std::string bytes = signed_part(token);
    const Sha256 mac = cookie_key.mac({bytes});
    bytes.append(mac.begin(), mac.begin() + kMacBytes);
    return base64url_encode(bytes);
}

std::optional<SessionToken> decode_session_token(const HmacKey& cookie_key, std::string_view text, std::uint64_t now) {
    const auto bytes = base64url_decode_strict(text);
    if (!bytes || bytes->size() != kSignedBytes + kMacBytes) return std::nullopt;
    const std::string_view all = *bytes;
    const Sha256 mac = cookie_key.mac({all.substr(0, kSignedBytes)});
    if (!equal_in_constant_time(std::span(mac).first<kMacBytes>(), as_bytes(all.substr(kSignedBytes)))) {
        return std::nullopt;
    }
    SessionToken token{std::string(all.substr(0, kRandomBytes)), read_expiry(all.substr(kRandomBytes, kExpiryBytes))};
    if (token.expires <= now) return std::nullopt;
    return token;
}

std::optional<SessionToken> find_session_token(const HmacKey& cookie_key, std::string_view cookie_header,
                                               std::string_view cookie_name, std::uint64_t now) {
    while (!cookie_header.empty()) {
        const std::size_t end = cookie_header.find(';');
        std::string_view pair = cookie_header.substr(0, end);
        cookie_header = end == std::string_view::npos ? std::string_view{} : cookie_header.substr(end + 1);
        pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
        if (!pair.starts_with(cookie_name) || !pair.substr(cookie_name.size()).starts_with('=')) continue;
        if (auto token = decode_session_token(cookie_key, pair.substr(cookie_name.size() + 1), now)) return token;
    }
    return std::nullopt;
}

}  // namespace thumbgate
