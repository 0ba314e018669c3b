// The control feed: what the backend and the command line tell every edge, through one Redis stream. A photo is purged,
// a link revoked, a session ended. Edges read the stream in its order and never write to it.
//
//     thumbgate:feed      the stream; an entry has the fields type, name and, but for a purge, expires
//     thumbgate:revoked   a sorted set of the links and sessions that do not count any more ("lid:<id>", "sid:<hash>"),
//                         scored by the unix second after which they would have ended by themselves
//
// The stream is trimmed by age. An edge that has not seen an entry which was trimmed must start a new cache, so entries
// are kept longer than any cache keeps an object that nobody asks for (proxy_cache_path's `inactive`, 30 days).
// Pure functions; thread-safe.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thumbgate {

inline constexpr std::string_view kFeedKey = "thumbgate:feed";
inline constexpr std::string_view kRevokedKey = "thumbgate:revoked";
inline constexpr std::uint64_t kFeedRetentionMs = 35ULL * 24 * 60 * 60 * 1000;
inline constexpr std::size_t kMaxFeedName = 2048;  // bytes

// An entry's id in the stream: the time it was added, and a number within that millisecond.
struct StreamId {
    std::uint64_t ms = 0;
    std::uint64_t sequence = 0;

    auto operator<=>(const StreamId&) const = default;
    std::string text() const;  // "1700000000000-0"
    static std::optional<StreamId> parse(std::string_view text);
};

enum class FeedEventKind : std::uint8_t {
    begin,        // the first entry of a stream: something to be continuous with
    purge,        // every cached thumbnail of the source `name` (a photo's id, or a whole source)
    revoke_link,  // the links with `lid:<name>`
    end_session,  // the session with that hash
};

struct FeedEvent {
    FeedEventKind kind = FeedEventKind::begin;
    std::string name;
    std::uint64_t expires = 0;  // unix seconds; of a link or a session

    bool operator==(const FeedEvent&) const = default;
};

// nullopt: not an entry of this version; who follows the feed passes over it.
std::optional<FeedEvent> parse_feed_event(std::span<const std::string> fields_and_values);

// The member of kRevokedKey, and the name under which an edge remembers it.
std::string revoked_name(const FeedEvent& event);

// What makes the event known: Redis commands, to be sent in this order. It is announced when all have succeeded, and
// may be announced again. `now_ms`: unix time.
std::vector<std::vector<std::string>> announce(const FeedEvent& event, std::uint64_t now_ms);

}  // namespace thumbgate
