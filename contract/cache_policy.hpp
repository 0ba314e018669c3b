// What a link allows the caches between the edge and the person to do (RFC 9111). Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "contract/options.hpp"

namespace thumbgate {

// By this field the backend tells the edge that a picture stands in, for so many seconds, for a better one that is
// still being made. It stays with the picture in the edge's cache, and is not passed on.
inline constexpr std::string_view kInterimHeader = "Thumb-Interim";
inline constexpr std::uint64_t kMaxInterim = 3600;  // seconds

// The Cache-Control of a thumbnail by the terms of its link. `max_age`: seconds, as configured. A link that ends is
// never kept or served beyond its end. One that can be revoked (`lid`) is asked for anew each time, so that a
// revocation counts at once; one for a session (`sid`) is moreover kept by no shared cache. An interim is kept for no
// longer than its own seconds, by shared caches either. Any refusal is "no-store".
std::string cache_control(const Options& link, std::uint64_t now, std::uint64_t max_age,
                          std::optional<std::uint64_t> interim = std::nullopt);

}  // namespace thumbgate
