// When API keys were last used, in Redis: `api_key_used:<id>`, unix seconds, for a year. Each thumbgated writes it once
// a minute at most. It is for their owner's eyes: what Redis loses is lost. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "backend/error.hpp"
#include "backend/sessions/redis.hpp"

namespace thumbgate {

class KeyUses {
  public:
    explicit KeyUses(Redis& redis) : redis_(redis) {}

    // Whether it is to be written that the key is used: not without Redis, nor a moment after the last time.
    bool is_due(const std::string& id, std::uint64_t now) const;
    // Where Redis fails nobody is told.
    boost::asio::awaitable<void> write(std::string id, std::uint64_t now);

    // In the order of `ids`; 0 where it is not known. Error: 503 without Redis.
    boost::asio::awaitable<Result<std::vector<std::uint64_t>>> find(std::vector<std::string> ids);

    boost::asio::awaitable<void> forget(std::string id);

  private:
    Redis& redis_;
    std::unordered_map<std::string, std::uint64_t> written_;  // when, by id
};

}  // namespace thumbgate
