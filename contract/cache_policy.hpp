// What a link allows the caches between the edge and the person to do (RFC 9111). Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>

namespace thumbgate {

// The Cache-Control of a thumbnail. `expires`: the link's `exp` in unix seconds, 0 for none. `max_age`: seconds, as
// configured. A link that ends is never kept or served beyond its end; any refusal is "no-store".
std::string cache_control(std::uint64_t expires, std::uint64_t now, std::uint64_t max_age);

}  // namespace thumbgate
