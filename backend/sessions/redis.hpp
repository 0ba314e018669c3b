// Redis as the sessions see it: commands that answer or fail within a deadline.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "backend/error.hpp"
#include "redis/protocol.hpp"

namespace thumbgate {

class Redis {
  public:
    virtual ~Redis() = default;

    // False: the last thing known is that it does not answer.
    virtual bool is_up() const = 0;

    // Error: 503 when it does not answer in time, is not connected, says something that is not its protocol, or
    // answers with an error.
    virtual boost::asio::awaitable<Result<RedisReply>> command(std::vector<std::string> arguments) = 0;
};

}  // namespace thumbgate
