// Times and sizes as people write them, in flags, in the configuration file and in API requests; the clock; and the
// ids of stored things. Pure but for the clock and the generator; thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace thumbgate {

// A whole number and a unit: ms, s, m, h, d or w; without a unit seconds. nullopt for any other spelling, for 0 and for
// more than 100 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// A whole number and a unit: B, KiB, MiB, GiB; without a unit bytes. nullopt for any other spelling and for 0.
std::optional<std::uint64_t> parse_size(std::string_view text);

// "64 MiB" or "4 KiB" where it is a whole number of them, else "1234 bytes".
std::string describe_size(std::uint64_t bytes);

std::uint64_t unix_seconds();
std::uint64_t unix_milliseconds();

// 128 random bits in lower-case base32: 26 characters of a-z and 2-7. Names photos, owners and links.
std::string new_id();
bool is_id(std::string_view text);

}  // namespace thumbgate
