#include "nginx-module/rate_limit/gcra.hpp"

#include <algorithm>

namespace thumbgate::edge {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

GcraSlot* find(std::span<GcraSlot> set, std::uint64_t fingerprint) {
    for (GcraSlot& slot : set) {
        if (slot.fingerprint.load(kRelaxed) == fingerprint) return &slot;
    }
    return nullptr;
}

// A free slot, else the one that owes least: one whose TAT has passed loses nothing by being forgotten.
GcraSlot& cheapest(std::span<GcraSlot> set) {
    return *std::ranges::min_element(set, {}, [](const GcraSlot& slot) {
        return slot.fingerprint.load(kRelaxed) == 0 ? 0 : std::max<std::uint64_t>(slot.tat_ns.load(kRelaxed), 1);
    });
}

Decision decide(std::uint64_t tat_ns, std::uint64_t now_ns, const Rate& rate) {
    const std::uint64_t limit_ns = rate.quota() * rate.interval_ns;
    const std::uint64_t owed_ns = std::max(tat_ns, now_ns) - now_ns;
    Decision decision;
    decision.allowed = owed_ns + rate.interval_ns <= limit_ns;
    const std::uint64_t after_ns = decision.allowed ? owed_ns + rate.interval_ns : owed_ns;
    decision.reset_ns = after_ns;
    decision.remaining = after_ns >= limit_ns ? 0 : (limit_ns - after_ns) / rate.interval_ns;
    const std::uint64_t next_ns = after_ns + rate.interval_ns;
    decision.retry_after_ns = next_ns > limit_ns ? next_ns - limit_ns : 0;
    return decision;
}

}  // namespace

std::span<GcraSlot> GcraTable::set_of(std::uint64_t fingerprint) const {
    const std::size_t sets = slots_.size() / kSlotsInSet;
    return slots_.subspan((fingerprint >> 8U) % sets * kSlotsInSet, kSlotsInSet);
}

GcraSlot& GcraTable::claim(std::span<GcraSlot> set, std::uint64_t fingerprint, std::uint64_t now_ns) {
    for (;;) {
        if (GcraSlot* slot = find(set, fingerprint)) return *slot;
        GcraSlot& slot = cheapest(set);
        std::uint64_t old = slot.fingerprint.load(kRelaxed);
        if (!slot.fingerprint.compare_exchange_strong(old, fingerprint)) continue;
        // What the slot's former key still owed is not this one's debt.
        std::uint64_t debt = slot.tat_ns.load(kRelaxed);
        while (debt > now_ns && !slot.tat_ns.compare_exchange_weak(debt, now_ns)) {
        }
        // Two workers may have claimed a slot each for one key; both then use the first.
        if (GcraSlot* first = find(set, fingerprint); first != &slot && first != nullptr) {
            std::uint64_t mine = fingerprint;
            slot.fingerprint.compare_exchange_strong(mine, 0);
            return *first;
        }
        return slot;
    }
}

Decision GcraTable::charge(std::uint64_t fingerprint, std::uint64_t now_ns, const Rate& rate) {
    if (fingerprint == 0) fingerprint = 1;
    const std::span<GcraSlot> set = set_of(fingerprint);
    for (;;) {
        GcraSlot& slot = claim(set, fingerprint, now_ns);
        std::uint64_t tat = slot.tat_ns.load();
        const Decision decision = decide(tat, now_ns, rate);
        if (!decision.allowed) return decision;
        if (!slot.tat_ns.compare_exchange_strong(tat, std::max(tat, now_ns) + rate.interval_ns)) continue;
        // Another key may have taken the slot over in between; then this charge was to it, and is made again.
        if (slot.fingerprint.load() == fingerprint) return decision;
    }
}

}  // namespace thumbgate::edge
