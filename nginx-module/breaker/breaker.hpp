// A circuit breaker's core, in memory that processes share. Closed: requests pass, and their outcomes are counted over
// a sliding window of ten slices. It opens when, of at least `min` outcomes, the given share are failures (a slow
// answer is one). Open: nothing passes until `open` is over. Half-open: a few probes pass; as many successes close it,
// one failure opens it again.
//
// Lock-free, and every state is one atomic: a process that is killed anywhere leaves a valid state behind. A probe
// whose process died, or that hangs, is no longer waited for after `slow`: another takes its place.
//
// Each opening and closing begins a generation. What an earlier generation's requests come back with says nothing, so
// that neither a late failure opens a breaker that has just closed, nor old failures are counted after it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace thumbgate::edge {

struct BreakerRules {
    std::uint64_t failures = 50;       // per cent of the window's outcomes that open it
    std::uint64_t min = 20;            // outcomes in the window below which it stays closed
    std::uint64_t window_ms = 10'000;  // at least kBreakerSlices
    std::uint64_t slow_ms = 10'000;    // an answer that begins later than this is a failure
    std::uint64_t open_ms = 1'000;     // without any request, before probes
    std::uint64_t probes = 3;          // at once while half-open, and successes that close it; at most kMaxProbes
};

inline constexpr std::size_t kBreakerSlices = 10;
inline constexpr std::uint64_t kMaxProbes = 15;

// What the metrics show: the numbers are their values.
enum class BreakerPhase : std::uint8_t { closed, half_open, open };

enum class Outcome : std::uint8_t {
    success,
    failure,
    none,  // says nothing of the backend: the client went away, say
};

// All of it zero at first. It survives a reload.
struct BreakerState {
    std::atomic<std::uint64_t> control;
    std::array<std::atomic<std::uint64_t>, kBreakerSlices> slices;
    std::atomic<std::uint64_t> opened;    // times, also from half-open
    std::atomic<std::uint64_t> rejected;  // requests
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

class Breaker {
  public:
    // What a request that may pass is known by when it comes back.
    struct Ticket {
        std::uint64_t generation = 0;
        std::uint64_t round = 0;  // of probes
        bool probe = false;
    };

    struct Answer {
        std::optional<Ticket> ticket;      // none: the request is rejected
        std::uint64_t retry_after_ms = 0;  // then: when it may be tried again
    };

    // `state` outlives the breaker; many processes may have one over the same state, also with other rules.
    Breaker(BreakerState& state, const BreakerRules& rules) : state_(state), rules_(rules) {}

    // `now_ms`: of a clock that never goes back and that all processes share.
    Answer ask(std::uint64_t now_ms);
    // Once for each ticket, unless the process dies.
    void report(const Ticket& ticket, Outcome outcome, std::uint64_t now_ms);

    BreakerPhase phase() const;

  private:
    void count(std::uint64_t generation, bool failure, std::uint64_t now_ms);
    bool too_many_failures(std::uint64_t generation, std::uint64_t now_ms) const;
    void report_probe(const Ticket& ticket, Outcome outcome, std::uint64_t now_ms);

    BreakerState& state_;
    BreakerRules rules_;
};

}  // namespace thumbgate::edge
