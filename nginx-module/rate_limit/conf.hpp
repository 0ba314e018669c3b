// Limit zones, which are made in http{}, and the limits that a location applies: see docs/directives.md.
#pragma once

#include <cstdint>

#include "contract/hmac.hpp"
#include "nginx-module/ngx.hpp"
#include "nginx-module/rate_limit/gcra.hpp"

namespace thumbgate::edge {

// The start of a zone's shared memory; the slots follow. It survives a reload, so its layout has a version.
// Whole cache lines, so that a set of slots begins at one.
struct alignas(64) LimitZoneHeader {
    std::uint32_t layout;
    std::uint32_t slot_size;
    std::uint64_t slots;
    std::uint8_t seed[32];  // of the fingerprints
    std::atomic<std::uint64_t> allowed;
    std::atomic<std::uint64_t> limited;
    std::atomic<std::uint64_t> dry_run;  // would have been limited
};

struct LimitZone {
    ngx_http_complex_value_t key;
    std::uint64_t interval_ns;
    ngx_shm_zone_t* shm;
    ngx_pool_t* pool;                // the configuration's
    LimitZoneHeader* header;         // set when the zone is initialised
    const HmacKey* fingerprint_key;  // likewise
};

// Which requests a limit charges.
enum class LimitedRequests : std::uint8_t {
    all,
    denied,  // those alone whose link has a bad signature
};

struct Limit {
    LimitZone* zone;
    Rate rate;
    LimitedRequests on;
    bool dry_run;
};

struct RateLimitMainConf {
    ngx_array_t* zones;  // of LimitZone*
};

struct RateLimitConf {
    ngx_array_t* limits;  // of Limit; null: none at this level
};

}  // namespace thumbgate::edge
