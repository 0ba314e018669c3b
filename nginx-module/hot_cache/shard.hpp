// One shard of the hot cache: an index, two FIFO queues, a ghost table and pages, in memory that processes share. It
// knows nothing of locks: whoever calls holds the shard's. All state is offsets and numbers, so that every process may
// map the memory where it likes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "nginx-module/hot_cache/store.hpp"

namespace thumbgate::edge {

inline constexpr std::uint32_t kNone = UINT32_MAX;

enum class HotQueue : std::uint8_t {
    free,
    small,   // new objects, about a tenth of the pages
    main,    // objects that were asked for again
    doomed,  // evicted or replaced while pinned: pages are given back with the last pin
};

// What a lookup reads and writes is in the first cache line.
struct alignas(64) HotEntry {
    HotKey key;
    std::uint32_t first_page;
    std::uint32_t next_in_bucket;
    std::uint32_t older;  // towards the queue's tail
    std::uint32_t newer;
    std::uint32_t pins;
    std::uint8_t frequency;  // 0 to 3
    HotQueue queue;
    HotMeta meta;
};
static_assert(offsetof(HotEntry, meta) + offsetof(HotMeta, etag) <= 64);

struct HotFifo {
    std::uint32_t oldest = kNone;
    std::uint32_t newest = kNone;
    std::uint32_t pages = 0;
};

class HotShard {
  public:
    struct Header {
        std::uint32_t pages;
        std::uint32_t entries;
        std::uint32_t buckets;  // a power of two
        std::uint32_t free_page;
        std::uint32_t free_entry;
        std::uint32_t free_pages;
        std::uint32_t objects;
        std::uint64_t inserted;  // ever; the ghosts' clock
        HotFifo small;
        HotFifo main;
        HotCounts counts;
    };
    struct Ghost {
        std::uint64_t fingerprint;
        std::uint64_t inserted;
    };

    // How `bytes` are divided. Views into `memory`, which is zeroed or an earlier shard's.
    explicit HotShard(std::span<std::uint8_t> memory);

    // Empties it. `pins_on(entry)`: objects that are still being sent keep their pages until they are unpinned.
    void reset(const std::function<std::uint32_t(std::uint32_t)>& pins_on);

    // kNone when it is not there. Counts the hit or the miss.
    std::uint32_t find(const HotKey& key, std::int64_t now);
    bool store(const HotKey& key, const HotMeta& meta, std::string_view body);
    void remove(const HotKey& key);

    void pin(std::uint32_t entry) { ++entries_[entry].pins; }
    void unpin(std::uint32_t entry);

    const HotEntry& entry(std::uint32_t index) const { return entries_[index]; }
    std::uint32_t next_page(std::uint32_t page) const { return next_page_[page]; }
    // `count` pages that lie side by side.
    std::span<const std::uint8_t> pages(std::uint32_t first, std::uint32_t count) const {
        return pages_.subspan(first * kHotPage, count * kHotPage);
    }
    HotCounts counts() const;
    void count_emptied() { ++header_->counts.emptied_shards; }

  private:
    std::uint32_t& bucket_of(const HotKey& key) { return buckets_[key.low & (header_->buckets - 1)]; }
    std::uint32_t lookup(const HotKey& key);
    void unlink(std::uint32_t entry);
    void give_back(std::uint32_t entry);
    bool make_room(std::uint32_t pages);
    bool evict_one();
    void evict_from_small();
    void evict_from_main();
    void evict(std::uint32_t entry);
    void write_body(HotEntry& entry, std::string_view body);

    HotFifo& fifo(HotQueue queue) { return queue == HotQueue::small ? header_->small : header_->main; }
    void push_newest(HotQueue queue, std::uint32_t entry);
    void take_out(std::uint32_t entry);

    std::span<Ghost> ghosts_of(const HotKey& key);
    void remember_ghost(const HotKey& key);
    bool take_ghost(const HotKey& key);

    Header* header_;
    std::span<HotEntry> entries_;
    std::span<std::uint32_t> buckets_;
    std::span<Ghost> ghosts_;
    std::span<std::uint32_t> next_page_;
    std::span<std::uint8_t> pages_;
};

}  // namespace thumbgate::edge
