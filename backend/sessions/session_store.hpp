// Sessions in Redis: `session:<hash>` holds {owner, created, expires} and lives as long as the session. The hash names
// the session and cannot be turned into its cookie. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "backend/error.hpp"
#include "backend/sessions/redis.hpp"

namespace thumbgate {

struct SessionRecord {
    std::string owner;          // an id
    std::uint64_t created = 0;  // unix seconds
    std::uint64_t expires = 0;  // unix seconds
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
    boost::asio::awaitable<Result<void>> remove(std::string hash);

  private:
    boost::asio::awaitable<Result<void>> set(std::string hash, SessionRecord record, std::uint64_t now, bool existing);

    Redis& redis_;
};

}  // namespace thumbgate
