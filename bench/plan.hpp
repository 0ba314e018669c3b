// How much is measured. A quick run shows that everything works and where figures are about; it takes a minute.
#pragma once

#include <chrono>
#include <cstdint>

namespace thumbgate::bench {

struct Plan {
    int rounds = 7;                        // of each side, interleaved
    std::chrono::seconds a_round{3};       // of load
    int bursts = 9;                        // of each side, interleaved
    std::uint64_t decisions = 10'000'000;  // of a rate limit
};

inline constexpr Plan kQuick{.rounds = 2, .a_round = std::chrono::seconds(1), .bursts = 3, .decisions = 2'000'000};

}  // namespace thumbgate::bench
