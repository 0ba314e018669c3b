// Numbers by name in memory that processes share: one writer, any number of readers, no locks. A name is known by its
// fingerprint, 64 bits of SHA-256. A slot is two 8-byte atomics in an open-addressed table. There are two halves, of
// which one is current; what has to go is left out when the table is written anew into the other half, which then
// becomes current in one store. A writer that is killed anywhere leaves a table that is right.
//
// The memory is the caller's and outlives the table; each process may have a table over the same memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

namespace thumbgate::edge {

// Never 0.
std::uint64_t fingerprint_of(std::string_view name);

struct FingerprintSlot {
    std::atomic<std::uint64_t> fingerprint;  // 0: free
    std::atomic<std::uint64_t> value;
};
static_assert(sizeof(FingerprintSlot) == 16 && std::atomic<std::uint64_t>::is_always_lock_free);

class FingerprintTable {
  public:
    struct Header {
        std::atomic<std::uint64_t> turns;  // times that the halves changed places; the last bit says which is current
        std::atomic<std::uint64_t> used;   // slots of the current half; the writer's
    };

    // `slots`: both halves, zeroed at first; an even number of at least 16.
    FingerprintTable(Header& header, std::span<FingerprintSlot> slots) : header_(&header), slots_(slots) {}

    // 0 when it is not there.
    std::uint64_t find(std::uint64_t fingerprint) const;

    // Stores a value above 0. In want of room, values below `keep_from` are given up. False: it is still too full.
    bool put(std::uint64_t fingerprint, std::uint64_t value, std::uint64_t keep_from);

    void clear();

    std::uint64_t used() const { return header_->used.load(std::memory_order_relaxed); }

    // Calls `use(fingerprint, value)` for each. The writer's.
    template <typename Use>
    void for_each(Use use) const {
        for (const FingerprintSlot& slot : half(header_->turns.load())) {
            const std::uint64_t fingerprint = slot.fingerprint.load();
            if (fingerprint != 0) use(fingerprint, slot.value.load());
        }
    }

  private:
    std::span<FingerprintSlot> half(std::uint64_t turns) const {
        const std::size_t size = slots_.size() / 2;
        return slots_.subspan(turns % 2 * size, size);
    }
    bool is_full() const { return used() >= slots_.size() / 2 / 4 * 3; }
    void rewrite(std::uint64_t keep_from);

    Header* header_;
    std::span<FingerprintSlot> slots_;
};

}  // namespace thumbgate::edge
