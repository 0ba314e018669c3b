// Redis as the sessions see it: commands that answer or fail within a deadline.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "backend/error.hpp"

namespace thumbgate {

struct RedisReply {
    enum class Type { nil, text, integer, list };  // a status is a text
    Type type = Type::nil;
    std::string text;
    std::int64_t integer = 0;
    std::vector<RedisReply> list;
};

class Redis {
  public:
    virtual ~Redis() = default;

    // Whether the last thing known is that it answers.
    virtual bool is_up() const = 0;

    // Error: 503 when it does not answer in time, is not connected, says something that is not its protocol, or
    // answers with an error.
    virtual boost::asio::awaitable<Result<RedisReply>> command(std::vector<std::string> arguments) = 0;
};

}  // namespace thumbgate
