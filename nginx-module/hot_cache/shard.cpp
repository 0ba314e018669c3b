#include "nginx-module/hot_cache/shard.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "faults/fault_point.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::uint8_t kMaxFrequency = 3;
constexpr std::uint8_t kPromoteAbove = 1;   // hits in the small queue, for a place in the main one
constexpr std::uint32_t kSmallShare = 10;   // the small queue's part of the pages: one in so many
constexpr std::uint32_t kPagesAnEntry = 2;  // one entry for so many pages: an object of 4 KB is small for a thumbnail
constexpr std::size_t kGhostWays = 4;

std::uint32_t pages_for(std::uint32_t bytes) {
    return static_cast<std::uint32_t>((bytes + kHotPage - 1) / kHotPage);
}

// Takes `count` Ts off the front of `memory`.
template <typename T>
std::span<T> carve(std::span<std::uint8_t>& memory, std::size_t count) {
    const std::span<T> taken(reinterpret_cast<T*>(memory.data()), count);
    memory = memory.subspan((count * sizeof(T) + 63) / 64 * 64);
    return taken;
}

}  // namespace

HotShard::HotShard(std::span<std::uint8_t> memory) {
    header_ = carve<Header>(memory, 1).data();
    constexpr std::size_t per_page = kHotPage + sizeof(std::uint32_t);
    constexpr std::size_t per_entry = sizeof(HotEntry) + sizeof(Ghost) + 2 * sizeof(std::uint32_t);
    constexpr std::size_t slack = 8 * 64;  // what alignment takes
    const std::size_t pages = (memory.size() - slack) / (per_page + per_entry / kPagesAnEntry + 1);
    const std::size_t entries = pages / kPagesAnEntry;
    entries_ = carve<HotEntry>(memory, entries);
    buckets_ = carve<std::uint32_t>(memory, std::bit_floor(2 * entries));
    ghosts_ = carve<Ghost>(memory, entries / kGhostWays * kGhostWays);
    next_page_ = carve<std::uint32_t>(memory, pages);
    pages_ = carve<std::uint8_t>(memory, pages * kHotPage);
}

void HotShard::reset(const std::function<std::uint32_t(std::uint32_t)>& pins_on) {
    const HotCounts counts = header_->counts;
    *header_ = Header{};
    header_->counts = counts;
    header_->pages = static_cast<std::uint32_t>(next_page_.size());
    header_->entries = static_cast<std::uint32_t>(entries_.size());
    header_->buckets = static_cast<std::uint32_t>(buckets_.size());
    header_->free_page = kNone;
    header_->free_entry = kNone;
    std::ranges::fill(buckets_, kNone);
    std::ranges::fill(ghosts_, Ghost{});
    std::vector<bool> kept(next_page_.size());
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
        HotEntry& entry = entries_[i];
        entry.pins = pins_on(i);
        entry.queue = entry.pins > 0 ? HotQueue::doomed : HotQueue::free;
        if (entry.pins == 0) {
            entry.older = std::exchange(header_->free_entry, i);
            continue;
        }
        std::uint32_t page = entry.first_page;
        for (std::uint32_t left = pages_for(entry.meta.length); left > 0 && page < kept.size(); --left) {
            kept[page] = true;
            page = next_page_[page];
        }
    }
    // From the back, so that pages are taken in their order, and a body lies in one piece.
    for (auto page = static_cast<std::uint32_t>(kept.size()); page-- > 0;) {
        if (kept[page]) continue;
        next_page_[page] = std::exchange(header_->free_page, page);
        ++header_->free_pages;
    }
}

std::uint32_t HotShard::lookup(const HotKey& key) {
    std::uint32_t entry = bucket_of(key);
    while (entry != kNone && !(entries_[entry].key == key)) entry = entries_[entry].next_in_bucket;
    return entry;
}

std::uint32_t HotShard::find(const HotKey& key, std::int64_t now) {
    const std::uint32_t index = lookup(key);
    if (index == kNone || entries_[index].meta.valid_until < now) {
        ++header_->counts.misses;
        return kNone;
    }
    HotEntry& entry = entries_[index];
    if (entry.frequency < kMaxFrequency) ++entry.frequency;
    ++header_->counts.hits;
    return index;
}

bool HotShard::store(const HotKey& key, const HotMeta& meta, std::string_view body) {
    if (body.size() != meta.length || body.size() > kMaxHotObject) return false;
    remove(key);
    if (!make_room(pages_for(meta.length))) return false;
    const std::uint32_t index = header_->free_entry;
    HotEntry& entry = entries_[index];
    header_->free_entry = entry.older;
    entry.key = key;
    entry.meta = meta;
    entry.frequency = 0;
    write_body(entry, body);
    THUMB_FAULT_POINT("object-half-stored");
    entry.next_in_bucket = std::exchange(bucket_of(key), index);
    push_newest(take_ghost(key) ? HotQueue::main : HotQueue::small, index);
    ++header_->objects;
    ++header_->inserted;
    ++header_->counts.stored;
    return true;
}

void HotShard::write_body(HotEntry& entry, std::string_view body) {
    std::uint32_t* link = &entry.first_page;
    while (!body.empty()) {
        const std::uint32_t page = header_->free_page;
        header_->free_page = next_page_[page];
        --header_->free_pages;
        const std::size_t size = std::min(body.size(), kHotPage);
        std::memcpy(pages_.data() + page * kHotPage, body.data(), size);
        body.remove_prefix(size);
        *link = page;
        link = &next_page_[page];
    }
    *link = kNone;
}

void HotShard::remove(const HotKey& key) {
    if (const std::uint32_t entry = lookup(key); entry != kNone) unlink(entry);
}

void HotShard::unpin(std::uint32_t index) {
    HotEntry& entry = entries_[index];
    if (entry.pins > 0) --entry.pins;
    if (entry.pins == 0 && entry.queue == HotQueue::doomed) give_back(index);
}

// Out of the index and its queue; its pages go now, or with the last pin.
void HotShard::unlink(std::uint32_t index) {
    HotEntry& entry = entries_[index];
    std::uint32_t* link = &bucket_of(entry.key);
    while (*link != index) link = &entries_[*link].next_in_bucket;
    *link = entry.next_in_bucket;
    take_out(index);
    --header_->objects;
    entry.queue = HotQueue::doomed;
    if (entry.pins == 0) give_back(index);
}

// The pages go back in their order, for the next body to lie in as few pieces.
void HotShard::give_back(std::uint32_t index) {
    HotEntry& entry = entries_[index];
    const std::uint32_t pages = pages_for(entry.meta.length);
    std::uint32_t last = entry.first_page;
    for (std::uint32_t i = 1; i < pages; ++i) last = next_page_[last];
    next_page_[last] = std::exchange(header_->free_page, entry.first_page);
    header_->free_pages += pages;
    entry.queue = HotQueue::free;
    entry.older = std::exchange(header_->free_entry, index);
}

bool HotShard::make_room(std::uint32_t pages) {
    while (header_->free_pages < pages || header_->free_entry == kNone) {
        if (!evict_one()) return false;
    }
    return true;
}

// Evicts or moves one object; false when there is none left.
bool HotShard::evict_one() {
    const bool small_is_full = header_->small.pages >= header_->pages / kSmallShare;
    if (header_->small.oldest != kNone && (small_is_full || header_->main.oldest == kNone)) {
        evict_from_small();
        return true;
    }
    if (header_->main.oldest == kNone) return false;
    evict_from_main();
    return true;
}

void HotShard::evict_from_small() {
    const std::uint32_t index = header_->small.oldest;
    HotEntry& entry = entries_[index];
    if (entry.frequency > kPromoteAbove) {
        take_out(index);
        entry.frequency = 0;
        push_newest(HotQueue::main, index);
        return;
    }
    remember_ghost(entry.key);
    evict(index);
}

void HotShard::evict_from_main() {
    const std::uint32_t index = header_->main.oldest;
    HotEntry& entry = entries_[index];
    if (entry.frequency == 0) return evict(index);
    --entry.frequency;
    take_out(index);
    push_newest(HotQueue::main, index);
}

void HotShard::evict(std::uint32_t entry) {
    unlink(entry);
    ++header_->counts.evicted;
}

void HotShard::push_newest(HotQueue queue, std::uint32_t index) {
    HotFifo& list = fifo(queue);
    HotEntry& entry = entries_[index];
    entry.queue = queue;
    entry.newer = kNone;
    entry.older = std::exchange(list.newest, index);
    (entry.older == kNone ? list.oldest : entries_[entry.older].newer) = index;
    list.pages += pages_for(entry.meta.length);
}

void HotShard::take_out(std::uint32_t index) {
    HotEntry& entry = entries_[index];
    HotFifo& list = fifo(entry.queue);
    (entry.older == kNone ? list.oldest : entries_[entry.older].newer) = entry.newer;
    (entry.newer == kNone ? list.newest : entries_[entry.newer].older) = entry.older;
    list.pages -= pages_for(entry.meta.length);
}

std::span<HotShard::Ghost> HotShard::ghosts_of(const HotKey& key) {
    return ghosts_.subspan(key.high % (ghosts_.size() / kGhostWays) * kGhostWays, kGhostWays);
}

// In the place of the oldest of its set.
void HotShard::remember_ghost(const HotKey& key) {
    *std::ranges::min_element(ghosts_of(key), {}, &Ghost::inserted) = Ghost{key.low, header_->inserted + 1};
}

// Whether the object was evicted from the small queue not longer ago than the main queue is long.
bool HotShard::take_ghost(const HotKey& key) {
    for (Ghost& ghost : ghosts_of(key)) {
        if (ghost.inserted == 0 || ghost.fingerprint != key.low) continue;
        const bool recent = header_->inserted - ghost.inserted < ghosts_.size();
        ghost = Ghost{};
        return recent;
    }
    return false;
}

HotCounts HotShard::counts() const {
    HotCounts counts = header_->counts;
    counts.objects = header_->objects;
    counts.total_bytes = static_cast<std::uint64_t>(header_->pages) * kHotPage;
    counts.used_bytes = static_cast<std::uint64_t>(header_->pages - header_->free_pages) * kHotPage;
    return counts;
}

}  // namespace thumbgate::edge
