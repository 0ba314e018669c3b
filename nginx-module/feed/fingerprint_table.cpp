#include "nginx-module/feed/fingerprint_table.hpp"

#include <algorithm>
#include <cstring>

#include "contract/hmac.hpp"

namespace thumbgate::edge {
namespace {

// The fingerprint's slot, or the free one where it would be: there always is a free one.
FingerprintSlot& probe(std::span<FingerprintSlot> slots, std::uint64_t fingerprint) {
    for (std::size_t at = fingerprint % slots.size();; at = (at + 1) % slots.size()) {
        const std::uint64_t there = slots[at].fingerprint.load(std::memory_order_acquire);
        if (there == fingerprint || there == 0) return slots[at];
    }
}

// The value first: whoever sees the fingerprint sees a value of its own.
void fill(FingerprintSlot& slot, std::uint64_t fingerprint, std::uint64_t value) {
    slot.value.store(value, std::memory_order_release);
    slot.fingerprint.store(fingerprint, std::memory_order_release);
}

}  // namespace

std::uint64_t fingerprint_of(std::string_view name) {
    const Sha256 digest = sha256(name);
    std::uint64_t fingerprint = 0;
    std::memcpy(&fingerprint, digest.data(), sizeof(fingerprint));
    return std::max<std::uint64_t>(fingerprint, 1);
}

std::uint64_t FingerprintTable::find(std::uint64_t fingerprint) const {
    for (;;) {
        const std::uint64_t turns = header_->turns.load(std::memory_order_acquire);
        const FingerprintSlot& slot = probe(half(turns), fingerprint);
        const bool found = slot.fingerprint.load(std::memory_order_acquire) == fingerprint;
        const std::uint64_t value = found ? slot.value.load(std::memory_order_acquire) : 0;
        // A half that stopped being current while it was read may have been written anew.
        if (header_->turns.load(std::memory_order_acquire) == turns) return value;
    }
}

bool FingerprintTable::put(std::uint64_t fingerprint, std::uint64_t value, std::uint64_t keep_from) {
    FingerprintSlot* slot = &probe(half(header_->turns.load()), fingerprint);
    if (slot->fingerprint.load() == fingerprint) {
        slot->value.store(value);
        return true;
    }
    if (is_full()) rewrite(keep_from);
    if (is_full()) return false;
    slot = &probe(half(header_->turns.load()), fingerprint);
    fill(*slot, fingerprint, value);
    header_->used.fetch_add(1);
    return true;
}

void FingerprintTable::clear() {
    rewrite(UINT64_MAX);
}

void FingerprintTable::rewrite(std::uint64_t keep_from) {
    const std::uint64_t turns = header_->turns.load();
    const std::span<FingerprintSlot> target = half(turns + 1);
    for (FingerprintSlot& slot : target) slot.fingerprint.store(0);
    std::uint64_t kept = 0;
    for_each([&](std::uint64_t fingerprint, std::uint64_t value) {
        if (value < keep_from) return;
        fill(probe(target, fingerprint), fingerprint, value);
        ++kept;
    });
    header_->turns.store(turns + 1);
    header_->used.store(kept);
}

}  // namespace thumbgate::edge
