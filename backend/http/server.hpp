// HTTP/1.1 on a listening socket: one coroutine a connection, every wait with a deadline, a bound on connections, and a
// drain that finishes what is in flight. It knows nothing of routes: one responder answers every request.
// Not thread-safe: everything runs on the executor it was made with, which has one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "backend/http/listener.hpp"
#include "backend/http/message.hpp"

namespace thumbgate {

struct ServerState;  // in server.cpp

struct ServerLimits {
    std::size_t max_connections = 1024;  // more wait in the kernel's backlog
    std::uint32_t max_header_bytes = 16 * 1024;
    std::chrono::seconds header_timeout{10};  // from a request's first byte to the end of its header
    std::chrono::seconds idle_timeout{75};    // longer than an nginx keeps a connection (60), so that it ends it
    std::chrono::seconds body_timeout{30};    // for each piece of a body
    std::chrono::seconds write_timeout{30};   // for each piece of a response
    // For each piece of a response that is read while it is sent, of a client who may be slow: longer than an nginx
    // waits for its client (60), so that it is the edge who gives up, and does not take this service for broken.
    std::chrono::seconds stream_timeout{90};
    std::chrono::seconds linger_timeout{5};  // for a body that nobody wants, before the connection is closed
};

struct DrainTimes {
    // Idle connections stay open for so long, to end with the next answer on them, or by the edge's own hand: one that
    // is closed here might just have been given a request.
    std::chrono::milliseconds lame_duck{0};
    std::chrono::milliseconds timeout{20'000};  // for all of it
};

class Server {
  public:
    // Must not throw; the error path of a responder is a response.
    using Responder = std::function<boost::asio::awaitable<Response>(Request&)>;
    // Told of what is refused before there is a request to answer, and of what cut an answer off.
    using Watcher = std::function<void(const Error&)>;

    Server(boost::asio::any_io_executor executor, Listener listener, ServerLimits limits, Responder responder,
           Watcher watcher = {});
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    void start();

    // Every answer from now on is its connection's last. Returns when the last request is answered or the time is over.
    // A socket of our own stops accepting at once, and what the kernel has accepted for us is answered. An adopted one
    // goes on until the idle connections are gone, so that nobody waits for the next process longer than need be; what
    // comes later is that one's.
    boost::asio::awaitable<void> drain(DrainTimes times);

    std::size_t connections() const;

  private:
    std::shared_ptr<ServerState> state_;  // shared with the coroutine that accepts
};

}  // namespace thumbgate
