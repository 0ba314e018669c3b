#include "nginx-module/breaker/breaker.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::uint64_t bits(unsigned count) {
    return (std::uint64_t{1} << count) - 1;
}

// The control word. In the order of its bits: phase 2, generation 12, probes under way 4, probes that succeeded 4, and
// a time of 42 bits (139 years of milliseconds): open until then, or half-open with probes that are waited for till
// then.
struct Control {
    BreakerPhase phase = BreakerPhase::closed;
    std::uint64_t generation = 0;
    std::uint64_t pending = 0;
    std::uint64_t succeeded = 0;
    std::uint64_t until_ms = 0;

    static Control unpack(std::uint64_t word) {
        return {static_cast<BreakerPhase>(word & bits(2)), (word >> 2U) & bits(12), (word >> 14U) & bits(4),
                (word >> 18U) & bits(4), word >> 22U};
    }
    std::uint64_t pack() const {
        return static_cast<std::uint64_t>(phase) | (generation & bits(12)) << 2U | (pending & bits(4)) << 14U |
               (succeeded & bits(4)) << 18U | until_ms << 22U;
    }
    Control next(BreakerPhase to, std::uint64_t until) const { return {to, (generation + 1) & bits(12), 0, 0, until}; }
};

// One slice of the window: which it is (generation 12, number 22 bits), and 15 bits each of outcomes and failures.
struct Slice {
    std::uint64_t tag = 0;
    std::uint64_t outcomes = 0;
    std::uint64_t failures = 0;

    static constexpr std::uint64_t kMost = bits(15);

    static Slice unpack(std::uint64_t word) { return {word >> 30U, (word >> 15U) & kMost, word & kMost}; }
    std::uint64_t pack() const { return tag << 30U | outcomes << 15U | failures; }

    void add(bool failure) {
        if (outcomes == kMost) {  // the share stays what it is
            outcomes /= 2;
            failures /= 2;
        }
        ++outcomes;
        failures += failure ? 1 : 0;
    }
};

std::uint64_t tag_of(std::uint64_t generation, std::uint64_t number) {
    return generation << 22U | (number & bits(22));
}

std::uint64_t slice_number(const BreakerRules& rules, std::uint64_t now_ms) {
    return now_ms * kBreakerSlices / rules.window_ms;
}

}  // namespace

Breaker::Answer Breaker::ask(std::uint64_t now_ms) {
    std::uint64_t word = state_.control.load();
    for (;;) {
        const Control now = Control::unpack(word);
        if (now.phase == BreakerPhase::closed) return {Ticket{now.generation}, 0};
        Control then = now;
        if (now_ms >= now.until_ms) {
            then.phase = BreakerPhase::half_open;
            then.pending = 1;
            then.until_ms = now_ms + rules_.slow_ms;
        } else if (now.phase == BreakerPhase::half_open && now.pending + now.succeeded < rules_.probes) {
            ++then.pending;
        } else {
            state_.rejected.fetch_add(1, std::memory_order_relaxed);
            // Half-open ends with the probes' answers, which nobody can foretell.
            return {std::nullopt, now.phase == BreakerPhase::open ? now.until_ms - now_ms : rules_.open_ms};
        }
        if (state_.control.compare_exchange_weak(word, then.pack())) {
            return {Ticket{then.generation, then.until_ms, true}, 0};
        }
    }
}

void Breaker::report(const Ticket& ticket, Outcome outcome, std::uint64_t now_ms) {
    if (ticket.probe) return report_probe(ticket, outcome, now_ms);
    if (outcome == Outcome::none) return;
    std::uint64_t word = state_.control.load();
    const Control now = Control::unpack(word);
    if (now.phase != BreakerPhase::closed || now.generation != ticket.generation) return;
    count(now.generation, outcome == Outcome::failure, now_ms);
    if (outcome != Outcome::failure || !too_many_failures(now.generation, now_ms)) return;
    // Only one of those who find it so opens it.
    if (state_.control.compare_exchange_strong(word, now.next(BreakerPhase::open, now_ms + rules_.open_ms).pack())) {
        state_.opened.fetch_add(1, std::memory_order_relaxed);
    }
}

void Breaker::report_probe(const Ticket& ticket, Outcome outcome, std::uint64_t now_ms) {
    std::uint64_t word = state_.control.load();
    for (;;) {
        const Control now = Control::unpack(word);
        if (now.phase != BreakerPhase::half_open || now.generation != ticket.generation) return;
        Control then = now;
        // The probes of a round that was given up are no longer counted as under way.
        if (now.until_ms == ticket.round && now.pending > 0) --then.pending;
        if (outcome == Outcome::success) ++then.succeeded;
        if (outcome == Outcome::failure) then = now.next(BreakerPhase::open, now_ms + rules_.open_ms);
        if (then.succeeded >= rules_.probes) then = now.next(BreakerPhase::closed, 0);
        if (!state_.control.compare_exchange_weak(word, then.pack())) continue;
        if (then.phase == BreakerPhase::open) state_.opened.fetch_add(1, std::memory_order_relaxed);
        return;
    }
}

BreakerPhase Breaker::phase() const {
    return Control::unpack(state_.control.load()).phase;
}

void Breaker::count(std::uint64_t generation, bool failure, std::uint64_t now_ms) {
    const std::uint64_t number = slice_number(rules_, now_ms);
    std::atomic<std::uint64_t>& place = state_.slices[number % kBreakerSlices];
    const std::uint64_t tag = tag_of(generation, number);
    std::uint64_t word = place.load();
    Slice slice;
    do {
        slice = Slice::unpack(word);
        if (slice.tag != tag) slice = {tag};
        slice.add(failure);
    } while (!place.compare_exchange_weak(word, slice.pack()));
}

bool Breaker::too_many_failures(std::uint64_t generation, std::uint64_t now_ms) const {
    const std::uint64_t last = slice_number(rules_, now_ms);
    std::uint64_t outcomes = 0;
    std::uint64_t failures = 0;
    for (std::uint64_t age = 0; age < kBreakerSlices && age <= last; ++age) {
        const Slice slice = Slice::unpack(state_.slices[(last - age) % kBreakerSlices].load());
        if (slice.tag != tag_of(generation, last - age)) continue;
        outcomes += slice.outcomes;
        failures += slice.failures;
    }
    return outcomes >= rules_.min && failures * 100 >= rules_.failures * outcomes;
}

}  // namespace thumbgate::edge
