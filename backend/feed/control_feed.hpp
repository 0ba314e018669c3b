// The backend's side of the control feed: announces to every edge, through Redis. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "backend/error.hpp"
#include "backend/sessions/redis.hpp"
#include "contract/control_feed.hpp"

namespace thumbgate {

class ControlFeed {
  public:
    explicit ControlFeed(Redis& redis) : redis_(redis) {}

    bool is_available() const { return redis_.is_up(); }

    // When it returns without an error, every edge that follows the feed learns of it. It may be announced again.
    boost::asio::awaitable<Result<void>> announce(FeedEvent event);

    // Whether Redis still knows of a revocation that was announced.
    boost::asio::awaitable<Result<bool>> remembers(FeedEvent revocation);

    // Gives an empty feed its first entry: something that edges can be continuous with.
    boost::asio::awaitable<Result<void>> begin();

  private:
    Redis& redis_;
};

}  // namespace thumbgate
