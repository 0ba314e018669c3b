#include "nginx-module/rate_limit/gcra.hpp"

#include <algorithm>

#include "faults/fault_point.hpp"

namespace thumbgate::edge {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

GcraSlot* find(const GcraTable::Home& home, std::uint64_t fingerprint) {
    for (const std::span<GcraSlot> set : home) {
        for (GcraSlot& slot : set) {
            if (slot.fingerprint.load(kRelaxed) == fingerprint) return &slot;
        }
    }
    return nullptr;
}

// Nothing is lost when it is taken: it is free, or its key's TAT has passed.
bool is_idle(const GcraSlot& slot, std::uint64_t now_ns) {
    return slot.fingerprint.load(kRelaxed) == 0 || slot.tat_ns.load(kRelaxed) <= now_ns;
}

auto idle_slots(std::span<GcraSlot> set, std::uint64_t now_ns) {
    return std::ranges::count_if(set, [&](const GcraSlot& slot) { return is_idle(slot, now_ns); });
}

// Of the set with more idle slots a free one, else the one that owes least. Filling the emptier of two sets keeps
// nearly every key while two thirds of all slots are in use; one set alone would overflow for some of them.
GcraSlot& cheapest(const GcraTable::Home& home, std::uint64_t now_ns) {
    const std::span<GcraSlot> set = idle_slots(home[0], now_ns) >= idle_slots(home[1], now_ns) ? home[0] : home[1];
    return *std::ranges::min_element(set, {}, [](const GcraSlot& slot) {
        return slot.fingerprint.load(kRelaxed) == 0 ? 0 : std::max<std::uint64_t>(slot.tat_ns.load(kRelaxed), 1);
    });
}

bool another_is_idle(const GcraTable::Home& home, const GcraSlot& than, std::uint64_t now_ns) {
    return std::ranges::any_of(home, [&](std::span<GcraSlot> set) {
        return std::ranges::any_of(set, [&](const GcraSlot& slot) { return &slot != &than && is_idle(slot, now_ns); });
    });
}

// Frees the slot and forgives what its key owed, in steps of one atomic each: a process that is killed between them
// leaves a free slot. False when another process was quicker, or when the key came to owe something in the meantime
// while a slot beside it owes nothing.
bool clear(const GcraTable::Home& home, GcraSlot& slot, std::uint64_t now_ns) {
    std::uint64_t former = slot.fingerprint.load();
    if (former != 0 && !slot.fingerprint.compare_exchange_strong(former, 0)) return false;
    std::uint64_t debt = slot.tat_ns.load();
    if (debt <= now_ns) return true;
    if (former != 0 && another_is_idle(home, slot, now_ns)) {
        std::uint64_t free = 0;
        slot.fingerprint.compare_exchange_strong(free, former);
        return false;
    }
    return slot.tat_ns.compare_exchange_strong(debt, now_ns);
}

// Another slot that was claimed for the same key at the same moment, and is the one to keep.
GcraSlot* rival(const GcraTable::Home& home, const GcraSlot& mine, std::uint64_t fingerprint) {
    for (const std::span<GcraSlot> set : home) {
        for (GcraSlot& slot : set) {
            if (&slot == &mine || slot.fingerprint.load() != fingerprint) continue;
            const std::uint64_t theirs = slot.tat_ns.load();
            const std::uint64_t own = mine.tat_ns.load();
            if (theirs > own || (theirs == own && &slot < &mine)) return &slot;
        }
    }
    return nullptr;
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

GcraTable::Home GcraTable::home_of(std::uint64_t fingerprint) const {
    const std::size_t sets = slots_.size() / kSlotsInSet;
    const auto set = [&](std::uint64_t bits) { return slots_.subspan(bits % sets * kSlotsInSet, kSlotsInSet); };
    return {set(fingerprint >> 32U), set(fingerprint & 0xFFFF'FFFFU)};
}

GcraSlot& GcraTable::claim(const Home& home, std::uint64_t fingerprint, std::uint64_t now_ns) {
    for (;;) {
        if (GcraSlot* slot = find(home, fingerprint)) return *slot;
        GcraSlot& slot = cheapest(home, now_ns);
        if (!clear(home, slot, now_ns)) continue;
        THUMB_FAULT_POINT("limit-slot-cleared");
        std::uint64_t free = 0;
        if (!slot.fingerprint.compare_exchange_strong(free, fingerprint)) continue;
        GcraSlot* kept = rival(home, slot, fingerprint);
        if (kept == nullptr) return slot;
        std::uint64_t mine = fingerprint;
        slot.fingerprint.compare_exchange_strong(mine, 0);
        return *kept;
    }
}

Decision GcraTable::charge(std::uint64_t fingerprint, std::uint64_t now_ns, const Rate& rate) {
    if (fingerprint == 0) fingerprint = 1;
    const Home home = home_of(fingerprint);
    for (;;) {
        GcraSlot& slot = claim(home, fingerprint, now_ns);
        std::uint64_t tat = slot.tat_ns.load();
        THUMB_FAULT_POINT("limit-slot-not-charged");
        const Decision decision = decide(tat, now_ns, rate);
        if (!decision.allowed) return decision;
        if (!slot.tat_ns.compare_exchange_strong(tat, std::max(tat, now_ns) + rate.interval_ns)) continue;
        // Another key may have taken the slot over in between; then this charge was to it, and is made again.
        if (slot.fingerprint.load() == fingerprint) return decision;
    }
}

}  // namespace thumbgate::edge
