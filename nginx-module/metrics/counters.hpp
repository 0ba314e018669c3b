// The edge's counters in shared memory, which every worker adds to and any worker can read. Fixed size, lock-free; they
// survive a reload, so their layout has a version.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "nginx-module/client_cache/client_cache.hpp"
#include "nginx-module/request_state.hpp"

namespace thumbgate::edge {

inline constexpr std::uint32_t kCountersLayout = 1;
inline constexpr std::size_t kCacheStatuses = kHot + 1;  // by cache_status()
inline constexpr std::size_t kStatusClasses = 6;         // by the first digit; 0: no response was sent

// Upper bounds in milliseconds; one more bucket has none.
inline constexpr std::array<std::uint64_t, 13> kLatencyBoundsMs{1,   2,   5,    10,   25,   50,   100,
                                                                250, 500, 1000, 2500, 5000, 10000};

struct LatencyHistogram {
    std::array<std::atomic<std::uint64_t>, kLatencyBoundsMs.size() + 1> buckets;
    std::atomic<std::uint64_t> sum_ms;
};

using Counter = std::atomic<std::uint64_t>;
static_assert(Counter::is_always_lock_free);

struct Counters {
    std::uint32_t layout;
    std::uint32_t size;  // of this struct
    std::array<std::array<std::array<Counter, kStatusClasses>, kCacheStatuses>, kVerdicts> requests;
    std::array<LatencyHistogram, kCacheStatuses> latency;
};

}  // namespace thumbgate::edge
