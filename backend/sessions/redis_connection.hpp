// One connection to a Redis server: from connecting to its end, never used again. Commands are pipelined; each has the
// deadline of the configuration, and one that gets no answer in time ends the connection, because the answers behind it
// would be late as well. Not thread-safe; owned by shared_ptr, since what it waits for keeps it alive.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/sessions/redis_client.hpp"
#include "redis/protocol.hpp"

namespace thumbgate {

class RedisConnection : public std::enable_shared_from_this<RedisConnection> {
  public:
    RedisConnection(const boost::asio::any_io_executor& executor, const RedisConfig& config);

    // Connects and begins to read. False: `why_closed` says why not.
    boost::asio::awaitable<bool> open();

    boost::asio::awaitable<Result<RedisReply>> ask(std::vector<std::string> arguments);
    std::size_t pending() const { return pending_.size(); }  // commands without an answer yet

    // Whatever waits for an answer fails with `reason`. Idempotent.
    void close(std::string reason);
    bool is_closed() const { return closed_; }
    const std::string& why_closed() const { return reason_; }

    // Returns after `time`, or at once when the connection ends.
    boost::asio::awaitable<void> rest(std::chrono::milliseconds time);

  private:
    // A command whose answer has not come. Its timer is both its deadline and, cancelled, its wake-up.
    struct Pending {
        explicit Pending(const boost::asio::any_io_executor& executor) : timer(executor) {}
        void complete(Result<RedisReply> answer) {
            result = std::move(answer);
            timer.cancel();
        }
        boost::asio::steady_timer timer;
        std::optional<Result<RedisReply>> result;
    };

    boost::asio::awaitable<void> receive();
    void take_answers();
    void write_more();

    const RedisConfig config_;
    boost::asio::any_io_executor executor_;
    boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol> socket_;
    boost::asio::steady_timer connect_timer_;
    boost::asio::steady_timer rest_timer_;
    RedisParser parser_;
    std::deque<std::shared_ptr<Pending>> pending_;  // in the order of their commands
    std::string unsent_;
    std::string writing_;  // empty: no write is under way
    bool closed_ = false;
    std::string reason_;
};

}  // namespace thumbgate
