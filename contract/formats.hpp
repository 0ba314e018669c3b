// Output formats, and what a client accepts (RFC 9110 §12.5.1) folded to one of a few tokens, so that clients with
// equal abilities share one cached object. Thread-safe, no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace thumbgate {

enum class Format : std::uint8_t { jpeg, png, webp, avif, gif, jxl };

std::string_view name(Format format);        // "jpeg"
std::string_view media_type(Format format);  // "image/jpeg"

// The names a URL may use, for a person: these, and jpg.
inline constexpr std::string_view kFormatNames = "jpeg, png, webp, avif, gif or jxl";

std::optional<Format> format_from_name(std::string_view name);

// Formats beyond the base ones (JPEG, PNG where there is alpha, or GIF where it moves), which every client takes.
class FormatSet {
  public:
    constexpr FormatSet() = default;
    constexpr FormatSet with(Format format) const {
        FormatSet set = *this;
        set.bits_ = static_cast<std::uint8_t>(set.bits_ | bit(format));
        return set;
    }
    constexpr bool has(Format format) const { return (bits_ & bit(format)) != 0; }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr FormatSet operator&(FormatSet other) const {
        FormatSet set;
        set.bits_ = static_cast<std::uint8_t>(bits_ & other.bits_);
        return set;
    }
    constexpr bool operator==(const FormatSet&) const = default;

    // "avif+webp", "avif", "webp" or "base".
    std::string token() const;
    static std::optional<FormatSet> from_token(std::string_view token);

  private:
    static constexpr std::uint8_t bit(Format format) {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(format));
    }
    std::uint8_t bits_ = 0;
};

// The formats of `offered` that an Accept header names with a weight above zero. Wildcards name none: a client that
// shows AVIF says so. A member that cannot be parsed is skipped, as RFC 9110 §5.6.1 lets a lenient recipient do.
FormatSet accepted_formats(std::string_view accept_header, FormatSet offered);

}  // namespace thumbgate
