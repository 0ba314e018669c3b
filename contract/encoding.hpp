// Text encodings of the contract: base64url (RFC 4648 §5, no padding), hex, base32 and percent-encoding (RFC 3986).
// Pure functions; thread-safe. A decoder answers nullopt for anything but the spellings it documents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace thumbgate {

std::string base64url_encode(std::span<const std::uint8_t> bytes);
std::string base64url_encode(std::string_view bytes);
// RFC 4648's first alphabet (§4), with padding: what JSON and data URLs hold.
std::string base64_encode(std::string_view bytes);

// One accepted spelling only: no padding, no other alphabet, unused trailing bits zero.
std::optional<std::string> base64url_decode_strict(std::string_view text);

// What signing SDKs produce for sources: trailing '=' is ignored and unused trailing bits may be set.
std::optional<std::string> base64url_decode_lenient(std::string_view text);

std::string hex_encode(std::span<const std::uint8_t> bytes);
// Upper or lower case, an even number of digits.
std::optional<std::string> hex_decode(std::string_view text);

// RFC 4648 §6 alphabet in lower case, no padding: photo ids.
std::string base32_encode(std::span<const std::uint8_t> bytes);

// nullopt when a '%' is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text);

// Leaves A-Z a-z 0-9 - . _ ~ and the bytes of `also_safe` as they are; the rest becomes %XX in upper case.
std::string percent_encode(std::string_view bytes, std::string_view also_safe = {});

inline std::span<const std::uint8_t> as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// As RFC 3629 defines it: no overlong spelling, no surrogate.
bool is_utf8(std::string_view bytes);

// Digits only (no sign, no space), at most `max`.
std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max);

}  // namespace thumbgate
