// What an edge knows from the control feed, in memory that its workers share: the cache epoch, each purged source's
// generation, the revoked links and sessions, and how far the feed was followed. One worker at a time follows the feed
// and writes here; every worker reads, without locks. State survives a reload and the death of any worker.
//
// The memory is the caller's and outlives this object; each process has one FeedState over it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "contract/control_feed.hpp"
#include "nginx-module/feed/fingerprint_table.hpp"

namespace thumbgate::edge {

// A place in the feed as one number that an atomic holds: milliseconds × 2^20 + the number within the millisecond.
// 0: none. nullopt: no server that adds entries by its clock makes such an id.
using FeedPosition = std::uint64_t;
std::optional<FeedPosition> position_of(const StreamId& id);
StreamId stream_id_of(FeedPosition position);

// Both are in every cache key: what was stored under another epoch or generation is never found again.
struct CacheGeneration {
    std::uint64_t epoch = 0;
    std::uint64_t generation = 0;  // 0: never purged in this epoch
};

// Figures for metrics; only the follower writes them.
struct FeedFigures {
    std::atomic<std::uint64_t> is_connected;
    std::atomic<std::uint64_t> current_at_ms;           // unix time at which nothing was left to read; 0: never yet
    std::atomic<std::uint64_t> lag_ms;                  // of the last entry: from its id's time to its being in force
    std::atomic<std::uint64_t> connections;             // ever tried
    std::atomic<std::uint64_t> epochs;                  // ever started
    std::array<std::atomic<std::uint64_t>, 4> applied;  // by FeedEventKind
    std::atomic<std::uint64_t> skipped;                 // entries of no kind that is known here
};

inline constexpr std::size_t kMinFeedMemory = 64 * 1024;  // bytes

class FeedState {
  public:
    // Lays out an empty state. `memory`: at least kMinFeedMemory bytes, zeroed, aligned to 64.
    static void format(std::span<std::uint8_t> memory);
    static bool is_formatted(std::span<const std::uint8_t> memory);

    // `memory`: formatted.
    explicit FeedState(std::span<std::uint8_t> memory);

    // ---- For every worker.

    // Of that source, a photo's id or a whole source, as they belong together.
    CacheGeneration cache_generation(std::string_view source) const;
    std::uint64_t epoch() const;
    std::uint64_t generation(std::string_view source) const;

    // Whether revocations are known at all; until then no link that can be revoked may be served.
    bool knows_revocations() const;
    // `name`: as revoked_name() gives it.
    bool is_revoked(std::string_view name) const;

    FeedFigures& figures() const;
    std::uint64_t generations_held() const { return generations_.used(); }
    std::uint64_t revocations_held() const { return revoked_.used(); }

    // ---- For the follower.

    // Takes the follower's place when it is free, or its holder died. The place goes with the process, or with resign.
    bool try_to_follow();
    void resign();

    FeedPosition position() const;
    // Applies one entry, and then moves to it. What no table has room for starts a new epoch, or forgets that
    // revocations are known. `now_ms`: unix time.
    void apply(FeedPosition at, const std::optional<FeedEvent>& event, std::uint64_t now_ms);
    // One revocation of the snapshot; false: there is no room.
    bool add_revocation(std::string_view name, std::uint64_t expires, std::uint64_t now_ms);
    void set_knows_revocations(bool known);

    // Forgets every purge, since nothing stored before will be found; the feed goes on after `position`.
    void start_epoch(FeedPosition position);
    // As the journal tells it, before anybody follows. False: there is no room.
    bool restore_purge(std::uint64_t fingerprint, FeedPosition at);
    void restore(std::uint64_t epoch, FeedPosition position);

    const FingerprintTable& generations() const { return generations_; }

  private:
    struct Header;
    Header* header_;
    FingerprintTable generations_;
    FingerprintTable revoked_;
};

}  // namespace thumbgate::edge
