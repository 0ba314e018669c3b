// Sessions in Redis:
//
//     session:<hash>           SessionRecord, for as long as the session lives
//     owner_sessions:<owner>   a sorted set of the hashes of an owner's sessions, scored by when they expire
//
// The hash names the session and cannot be turned into its cookie. A session that is there is in its owner's set; the
// set may hold one that is no more. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backend/error.hpp"
#include "backend/sessions/redis.hpp"

namespace thumbgate {

struct SessionRecord {
    std::string owner;            // an id
    std::uint64_t created = 0;    // unix seconds
    std::uint64_t expires = 0;    // unix seconds
    std::uint64_t last_used = 0;  // unix seconds, to the minute; 0: not known
    std::string device = {};      // in words; may be empty

    bool operator==(const SessionRecord&) const = default;
};

struct NamedSession {
    std::string hash;
    SessionRecord record;
};

class SessionStore {
  public:
    explicit SessionStore(Redis& redis) : redis_(redis) {}

    bool is_available() const { return redis_.is_up(); }

    // Errors of all: 503 as Redis::command. nullopt: there is no such session, or no more.
    boost::asio::awaitable<Result<std::optional<SessionRecord>>> find(std::string hash);
    boost::asio::awaitable<Result<void>> save(std::string hash, SessionRecord record, std::uint64_t now);
    // Only if it is still there: one that was ended meanwhile stays ended.
    boost::asio::awaitable<Result<void>> prolong(std::string hash, SessionRecord record, std::uint64_t now);
    boost::asio::awaitable<Result<void>> remove(std::string hash, std::string owner);

    // Every session of that owner which has not ended, in the order in which they would expire.
    boost::asio::awaitable<Result<std::vector<NamedSession>>> list(std::string owner, std::uint64_t now);

  private:
    boost::asio::awaitable<Result<void>> set(std::string hash, SessionRecord record, std::uint64_t now, bool existing);
    boost::asio::awaitable<Result<void>> send(std::vector<RedisCommand> commands);

    Redis& redis_;
};

}  // namespace thumbgate
