// What a link allows the caches between the edge and the person to do (RFC 9111). Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "contract/options.hpp"

namespace thumbgate {

// The Cache-Control of a thumbnail by the terms of its link. `max_age`: seconds, as configured. A link that ends is
// never kept or served beyond its end. One that can be revoked (`lid`) is asked for anew each time, so that a
// revocation counts at once; one for a session (`sid`) is moreover kept by no shared cache. Any refusal is "no-store".
std::string cache_control(const Options& link, std::uint64_t now, std::uint64_t max_age);

}  // namespace thumbgate
