// The session cookie: base64url(16 random bytes ‖ expiry, 8 bytes big-endian ‖ the first 16 bytes of the MAC over
// both). A forged or expired one is refused without asking Redis. A session is named by its hash everywhere else, so
// that neither Redis nor a log can be turned into a cookie. Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "contract/hmac.hpp"

namespace thumbgate {

inline constexpr std::string_view kSecureCookieName = "__Host-thumbgate";
inline constexpr std::string_view kPlainCookieName = "thumbgate";

struct SessionToken {
    std::string random;         // 16 bytes
    std::uint64_t expires = 0;  // unix seconds

    // The first 16 bytes of SHA-256(random), as 32 hex digits.
    std::string hash() const;
};

SessionToken new_session_token(std::uint64_t expires);

std::string encode_session_token(const HmacKey& cookie_key, const SessionToken& token);

// nullopt for a spelling that is not ours, a wrong MAC, and an expiry that has passed.
std::optional<SessionToken> decode_session_token(const HmacKey& cookie_key, std::string_view text, std::uint64_t now);

// The first valid token of that name in a Cookie header (RFC 6265 §5.4); a browser may send several.
std::optional<SessionToken> find_session_token(const HmacKey& cookie_key, std::string_view cookie_header,
                                               std::string_view cookie_name, std::uint64_t now);

}  // namespace thumbgate
