// Rate limits in shared memory: the generic cell rate algorithm (ITU-T I.371; also "leaky bucket as a meter"), which
// needs one number a key, the theoretical arrival time (TAT) of its next request. A slot is two 8-byte atomics, the
// key's fingerprint and its TAT; slots are in sets of 8, and a key may be in either of two sets. Lock-free: a worker
// that is killed anywhere stops nobody, and leaves at worst a free slot.
//
// The memory is the caller's and outlives the table; many processes may have a table over the same memory.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace thumbgate::edge {

struct Rate {
    std::uint64_t interval_ns = 0;  // between two requests at the steady rate
    std::uint64_t burst = 0;        // requests beyond it that may come at once

    // Requests that a key which was idle may make at once.
    std::uint64_t quota() const { return burst + 1; }
    // Seconds in which a key that used up its quota has it back, rounded up.
    std::uint64_t window_seconds() const { return (quota() * interval_ns + 999'999'999) / 1'000'000'000; }
};

struct Decision {
    bool allowed = true;
    std::uint64_t remaining = 0;       // requests that may come at once now
    std::uint64_t retry_after_ns = 0;  // until one more is allowed; 0 where it is now
    std::uint64_t reset_ns = 0;        // until the whole quota is back
};

struct GcraSlot {
    std::atomic<std::uint64_t> fingerprint;  // 0: free
    std::atomic<std::uint64_t> tat_ns;
};
static_assert(sizeof(GcraSlot) == 16 && std::atomic<std::uint64_t>::is_always_lock_free);

inline constexpr std::size_t kSlotsInSet = 8;

class GcraTable {
  public:
    // `slots`: zeroed at first, or as an earlier table left it. Its size is a multiple of kSlotsInSet, at least one
    // set.
    explicit GcraTable(std::span<GcraSlot> slots) : slots_(slots) {}

    // Charges one request to the key. `fingerprint`: a keyed hash of the key, so that nobody can aim at a set.
    // `now_ns`: of a clock that never goes back and that all processes share. A denied request is not charged.
    // Where both of a key's sets are full, the one that owes least gives way, and never one that owes something while
    // another owes nothing: so there is always an answer. Processes that meet a new key at the same moment may pass
    // one request more each.
    Decision charge(std::uint64_t fingerprint, std::uint64_t now_ns, const Rate& rate);

    // The two sets that a key may be in; they may be one.
    using Home = std::array<std::span<GcraSlot>, 2>;

  private:
    Home home_of(std::uint64_t fingerprint) const;
    static GcraSlot& claim(const Home& home, std::uint64_t fingerprint, std::uint64_t now_ns);

    std::span<GcraSlot> slots_;
};

}  // namespace thumbgate::edge
