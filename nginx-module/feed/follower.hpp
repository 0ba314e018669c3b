// Follows the control feed over one connection to Redis: says which command comes next, and takes each answer. It does
// no I/O and knows no clock but what it is told. A new connection needs a new Follower.
//
// First it makes sure that nothing was missed: the last entry that was seen must still be there, for a stream is
// trimmed from its oldest end. If it is not, or none was ever seen, a new cache epoch begins. Then it reads the set of
// revocations, and from then on every new entry. Nothing is missed in between, since the place in the feed is taken
// before the set is read; what is seen twice has no more effect than once.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "nginx-module/feed/feed_state.hpp"
#include "nginx-module/feed/journal.hpp"
#include "redis/protocol.hpp"

namespace thumbgate::edge {

// How long Redis holds back an answer when there is no news, so that a dead connection is known before long.
inline constexpr std::uint64_t kFeedBlockMs = 500;

class Follower {
  public:
    // `state`: this process must be its follower. `password`: empty for none. `complain`: is told why the journal
    // cannot be written; the feed is followed all the same.
    Follower(FeedState& state, Journal& journal, std::string password,
             std::function<void(const std::string&)> complain);

    RedisCommand next_command() const;

    // The answer to it. Error: why the connection is of no use; close it and begin again later. `now_ms`: unix time.
    std::expected<void, std::string> take(const RedisParser::Answer& answer, std::uint64_t now_ms);

    // Nothing was missed, and everything is known that was there when this connection began.
    bool is_current() const { return step_ == Step::follow; }

  private:
    enum class Step { authenticate, find_place, find_newest, read_revoked, follow };

    std::expected<void, std::string> take_place(const RedisReply& reply);
    std::expected<void, std::string> take_newest(const RedisReply& reply);
    std::expected<void, std::string> take_revoked(const RedisReply& reply, std::uint64_t now_ms);
    std::expected<void, std::string> take_news(const RedisReply& reply, std::uint64_t now_ms);
    std::expected<void, std::string> apply(const RedisReply& entry, std::uint64_t now_ms);
    void write_journal();
    void rescan_if_needed(std::uint64_t now_ms);

    FeedState& state_;
    Journal& journal_;
    std::string password_;
    std::function<void(const std::string&)> complain_;
    Step step_;
    std::string cursor_ = "0";
    bool has_room_ = true;  // for every revocation so far
    std::uint64_t rescan_at_ms_ = 0;
};

}  // namespace thumbgate::edge
