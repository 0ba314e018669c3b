// One connection to Redis for programs that may wait: hiredis' blocking calls behind an RAII type, every wait with a
// deadline. Not thread-safe.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <string>

#include "redis/protocol.hpp"

struct redisContext;

namespace thumbgate {

class BlockingRedis {
  public:
    // `address`: "unix:PATH", or "HOST:PORT". `timeout`: for connecting, and for each answer. The error names the
    // address and says what is wrong.
    static std::expected<BlockingRedis, std::string> connect(const std::string& address,
                                                             std::chrono::milliseconds timeout);

    // An error reply is an error too.
    std::expected<RedisReply, std::string> command(const RedisCommand& arguments);

  private:
    struct Free {
        void operator()(redisContext* context) const;
    };
    using Context = std::unique_ptr<redisContext, Free>;

    BlockingRedis(std::string address, Context context) : address_(std::move(address)), context_(std::move(context)) {}

    std::string address_;
    Context context_;
};

}  // namespace thumbgate
