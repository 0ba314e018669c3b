// How often a link's page was opened, in Redis: `opened:<link>`, gone some time after the link. A count is for its
// owner's curiosity: one that Redis loses is lost. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "backend/error.hpp"
#include "backend/sessions/redis.hpp"

namespace thumbgate {

class LinkCounts {
  public:
    explicit LinkCounts(Redis& redis) : redis_(redis) {}

    // `expires`: of the link, unix seconds. Without Redis nothing is counted, and nobody told.
    boost::asio::awaitable<void> add(std::string link, std::uint64_t expires);

    // In the order of `links`; 0 where Redis does not have it, or does not answer: a server lists its links without it.
    boost::asio::awaitable<std::vector<std::uint64_t>> find(std::vector<std::string> links);

  private:
    Redis& redis_;
};

}  // namespace thumbgate
