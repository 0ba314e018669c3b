#include "contract/encoding.hpp"

#include <algorithm>
#include <array>

namespace thumbgate {
namespace {

constexpr std::string_view kBase64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::uint8_t kInvalid = 0xFF;

constexpr std::array<std::uint8_t, 256> reverse_of(std::string_view alphabet) {
    std::array<std::uint8_t, 256> table{};
    table.fill(kInvalid);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return table;
}

constexpr auto kBase64urlReverse = reverse_of(kBase64url);

constexpr int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// RFC 3986 §2.3: the digits of base64url, and two more.
constexpr bool is_unreserved(char c) {
    return kBase64urlReverse[static_cast<std::uint8_t>(c)] != kInvalid || c == '.' || c == '~';
}

// Packs `bytes` into digits of `bits` bits, most significant first.
std::string encode_bits(std::span<const std::uint8_t> bytes, std::string_view alphabet, unsigned bits) {
    std::string text;
    text.reserve((bytes.size() * 8 + bits - 1) / bits);
    std::uint32_t pending = 0;
    unsigned pending_bits = 0;
    for (const std::uint8_t byte : bytes) {
        pending = (pending << 8) | byte;
        pending_bits += 8;
        while (pending_bits >= bits) {
            pending_bits -= bits;
            text += alphabet[(pending >> pending_bits) & ((1U << bits) - 1)];
        }
        pending &= (1U << pending_bits) - 1;
    }
    if (pending_bits > 0) text += alphabet[(pending << (bits - pending_bits)) & ((1U << bits) - 1)];
    return text;
}

// Four digits at a time from the front of `text`, which becomes shorter; stops before four that are not all digits.
std::string::iterator decode_quads(std::string_view& text, std::string::iterator next) {
    for (; text.size() >= 4; text.remove_prefix(4)) {
        std::uint32_t digits = 0;
        std::uint8_t all = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            const std::uint8_t digit = kBase64urlReverse[static_cast<std::uint8_t>(text[i])];
            all |= digit;
            digits = (digits << 6) | digit;
        }
        if (all >= kBase64url.size()) return next;
        for (const unsigned shift : {16U, 8U, 0U}) *next++ = static_cast<char>(digits >> shift);
    }
    return next;
}

std::optional<std::string> decode_base64url(std::string_view text, bool strict) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes(text.size() * 3 / 4, '\0');
    auto next = decode_quads(text, bytes.begin());
    std::uint32_t pending = 0;
    unsigned pending_bits = 0;
    for (const char c : text) {
        const std::uint8_t digit = kBase64urlReverse[static_cast<std::uint8_t>(c)];
        if (digit == kInvalid) return std::nullopt;
        pending = (pending << 6) | digit;
        pending_bits += 6;
        if (pending_bits >= 8) {
            pending_bits -= 8;
            *next++ = static_cast<char>((pending >> pending_bits) & 0xFF);
            pending &= (1U << pending_bits) - 1;
        }
    }
    if (strict && pending != 0) return std::nullopt;
    return bytes;
}

}  // namespace

std::string base64url_encode(std::span<const std::uint8_t> bytes) {
    return encode_bits(bytes, kBase64url, 6);
}
std::string base64url_encode(std::string_view bytes) {
    return base64url_encode(as_bytes(bytes));
}
std::string base64_encode(std::string_view bytes) {
    std::string text = encode_bits(as_bytes(bytes), kBase64, 6);
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}
std::string base32_encode(std::span<const std::uint8_t> bytes) {
    return encode_bits(bytes, kBase32, 5);
}

std::optional<std::string> base64url_decode_strict(std::string_view text) {
    return decode_base64url(text, true);
}

std::optional<std::string> base64url_decode_lenient(std::string_view text) {
    while (text.ends_with('=')) text.remove_suffix(1);
    return decode_base64url(text, false);
}

std::string hex_encode(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 0xF];
    }
    return text;
}

std::optional<std::string> hex_decode(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    for (;;) {
        const std::size_t escape = text.find('%');
        bytes += text.substr(0, escape);
        if (escape == std::string_view::npos) return bytes;
        text.remove_prefix(escape);
        if (text.size() < 3) return std::nullopt;
        const int high = hex_value(text[1]);
        const int low = hex_value(text[2]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes += static_cast<char>(high * 16 + low);
        text.remove_prefix(3);
    }
}

std::string percent_encode(std::string_view bytes, std::string_view also_safe) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    text.reserve(bytes.size());
    const auto is_safe = [&](char c) { return is_unreserved(c) || also_safe.find(c) != std::string_view::npos; };
    for (;;) {
        const auto unsafe = std::ranges::find_if_not(bytes, is_safe);
        text.append(bytes.begin(), unsafe);
        if (unsafe == bytes.end()) return text;
        const auto byte = static_cast<std::uint8_t>(*unsafe);
        text += '%';
        text += digits[byte >> 4];
        text += digits[byte & 0xF];
        bytes = {unsafe + 1, bytes.end()};
    }
}

bool is_utf8(std::string_view bytes) {
    // By the number of bytes: the least code point that needs so many.
    constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
    while (!bytes.empty()) {
        const auto first = static_cast<unsigned char>(bytes[0]);
        const std::size_t size = first < 0x80        ? 1
                                 : first >> 5U == 6  ? 2
                                 : first >> 4U == 14 ? 3
                                 : first >> 3U == 30 ? 4
                                                     : 0;
        if (size == 0 || bytes.size() < size) return false;
        std::uint32_t point = size == 1 ? first : first & (0x7FU >> size);
        for (const char c : bytes.substr(1, size - 1)) {
            const auto next = static_cast<unsigned char>(c);
            if (next >> 6U != 2) return false;
            point = point << 6U | (next & 0x3FU);
        }
        const bool is_surrogate = point >= 0xD800 && point < 0xE000;
        if (point < kLeast.at(size) || point > 0x10FFFF || is_surrogate) return false;
        bytes.remove_prefix(size);
    }
    return true;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max) {
    if (text.empty() || text.size() > 20) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
        value = value * 10 + digit;
    }
    if (value > max) return std::nullopt;
    return value;
}

}  // namespace thumbgate
