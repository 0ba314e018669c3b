// Small objects in shared memory, served by every worker: an index, fixed-size pages, and S3-FIFO eviction (Yang et
// al., "FIFO queues are all you need for cache eviction", SOSP 2023). New objects go through a small queue, so that a
// scan or a one-hit wonder pushes out nothing that is asked for again; a hit costs a counter and moves nothing.
//
// A body is pinned while it is sent: an object that is evicted meanwhile leaves the index at once, and its pages when
// the last pin goes. Shards have robust locks: a process that is killed inside one stops nobody, and its shard is
// emptied; the pins of a process that died are found by its slot's lock and given back.
//
// The memory is the caller's, shared by processes, and outlives this object; each process has one HotStore over it.
// Not for several threads of one process.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace thumbgate::edge {

inline constexpr std::size_t kHotPage = 2048;                // bytes; a body is a chain of these
inline constexpr std::size_t kMaxHotObject = 32 * kHotPage;  // bytes
inline constexpr std::size_t kMinHotMemory = 1 << 20;        // bytes

// 128 bits of a cryptographic hash of the cache key: equal keys mean equal objects.
struct HotKey {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    bool operator==(const HotKey&) const = default;
};

HotKey hot_key(std::string_view cache_key);

// What a response says besides its body.
struct HotMeta {
    std::int64_t valid_until = 0;     // unix seconds; an object is not served after it
    std::int64_t last_modified = -1;  // unix seconds, or -1
    std::uint32_t length = 0;         // of the body, bytes
    std::uint8_t etag_length = 0;
    std::uint8_t type_length = 0;
    std::array<char, 62> etag{};
    std::array<char, 32> type{};

    std::string_view etag_view() const { return {etag.data(), etag_length}; }
    std::string_view type_view() const { return {type.data(), type_length}; }
    // False when the text is too long to be kept.
    bool set_etag(std::string_view text);
    bool set_type(std::string_view text);
};

struct HotCounts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t stored = 0;
    std::uint64_t evicted = 0;
    std::uint64_t emptied_shards = 0;  // after a process died inside their lock
    std::uint64_t objects = 0;
    std::uint64_t used_bytes = 0;  // in pages
    std::uint64_t total_bytes = 0;
};

class HotStore {
  public:
    // One object that cannot be reused while this lives. Move-only; gives the pin back when it goes.
    class Pin {
      public:
        Pin() = default;
        Pin(Pin&& other) noexcept;
        Pin& operator=(Pin&& other) noexcept;
        Pin(const Pin&) = delete;
        Pin& operator=(const Pin&) = delete;
        ~Pin();
        explicit operator bool() const { return store_ != nullptr; }

        const HotMeta& meta() const;
        // Calls `use(span<const uint8_t>)` for each part of the body, in order. Pages that lie side by side are one.
        template <typename Use>
        void for_each_part(Use use) const {
            std::uint32_t page = first_page();
            for (std::size_t left = meta().length; left > 0;) {
                const Run run = run_at(page, left);
                use(run.bytes);
                page = run.next_page;
                left -= run.bytes.size();
            }
        }

      private:
        friend class HotStore;
        std::uint32_t first_page() const;
        struct Run {
            std::span<const std::uint8_t> bytes;
            std::uint32_t next_page;
        };
        // As many of the next `left` bytes as lie side by side.
        Run run_at(std::uint32_t page, std::size_t left) const;

        HotStore* store_ = nullptr;
        std::uint32_t shard_ = 0;
        std::uint32_t entry_ = 0;
        std::uint32_t record_ = 0;
    };

    // Lays out an empty store. `memory`: at least kMinHotMemory bytes, aligned to 64.
    static void format(std::span<std::uint8_t> memory);

    // Whether the memory holds a store of this version's layout and of this size.
    static bool is_formatted(std::span<const std::uint8_t> memory);

    // `memory`: formatted.
    explicit HotStore(std::span<std::uint8_t> memory);
    ~HotStore();
    HotStore(const HotStore&) = delete;
    HotStore& operator=(const HotStore&) = delete;

    // Takes a slot for this process's pins, and gives back those of processes that died. False: no slot is free; then
    // lookups find nothing. Call it once, in the process that will look up (after a fork).
    bool attach();

    // The object, if it is there and valid at `now`.
    Pin find(const HotKey& key, std::int64_t now);

    // Stores a body of meta.length bytes, or replaces it. False: it is too large, or everything is pinned.
    bool store(const HotKey& key, const HotMeta& meta, std::string_view body);

    void remove(const HotKey& key);

    HotCounts counts();

  private:
    struct Layout;
    struct Shard;
    struct Slot;
    class Lock;

    Shard& shard_of(const HotKey& key, std::uint32_t& index) const;
    void unpin(std::uint32_t shard, std::uint32_t entry, std::uint32_t record);
    void release_dead_slots();
    std::uint32_t pins_on(std::uint32_t shard, std::uint32_t entry) const;

    std::span<std::uint8_t> memory_;
    std::unique_ptr<Layout> layout_;
    Slot* slot_ = nullptr;
};

}  // namespace thumbgate::edge
