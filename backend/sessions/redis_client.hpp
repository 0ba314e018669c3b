// Redis over one connection at a time: hiredis formats and parses, Asio does the I/O on the service's executor. It
// connects by itself, again and again with a growing pause, and asks PING every second, so that a dead, stopped or
// foreign server is known before a request needs it. While it is not up, a command fails at once; one that comes before
// the first outcome is known, as the service starts, waits for that, within its deadline. Nothing blocks.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "backend/http/address.hpp"
#include "backend/sessions/redis.hpp"

namespace thumbgate {

struct RedisConfig {
    SocketAddress address;
    std::chrono::milliseconds deadline{500};  // for a command, and for connecting
    std::size_t max_pending = 1024;           // commands without an answer yet; one more is refused
    std::chrono::milliseconds min_pause{50};  // before connecting again; doubled after each failure
    std::chrono::milliseconds max_pause{1000};
    std::chrono::milliseconds ping_interval{1000};
};

struct RedisClientState;  // in redis_client.cpp

// Not thread-safe. Its executor outlives it.
class RedisClient final : public Redis {
  public:
    // `on_change` is told the first outcome and every change between up and down, with the reason, on the executor.
    using Observer = std::function<void(bool up, std::string_view reason)>;

    RedisClient(const boost::asio::any_io_executor& executor, RedisConfig config, Observer on_change);
    RedisClient(const RedisClient&) = delete;
    RedisClient& operator=(const RedisClient&) = delete;
    ~RedisClient() override;

    void start();
    // Ends the connection; what waits fails, and so does every later command. Idempotent.
    void stop();

    bool is_up() const override;
    boost::asio::awaitable<Result<RedisReply>> command(std::vector<std::string> arguments) override;

  private:
    std::shared_ptr<RedisClientState> state_;  // shared with the coroutine that keeps it connected
};

}  // namespace thumbgate
