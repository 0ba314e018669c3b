// One connection from the edge and its requests, one after the other; and what the connections of a server share. The
// HTTP library is included in connection.cpp alone. Not thread-safe.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>
#include <set>

#include "backend/async.hpp"
#include "backend/http/server.hpp"

namespace thumbgate {

class Connection;

struct ConnectionsState {
    ConnectionsState(const boost::asio::any_io_executor& executor, ServerLimits limits_in,
                     Server::Responder responder_in, Server::Watcher watcher_in)
        : limits(limits_in), responder(std::move(responder_in)), watcher(std::move(watcher_in)), ended(executor) {}

    ServerLimits limits;
    Server::Responder responder;
    Server::Watcher watcher;  // may be empty
    std::set<Connection*> open;
    Event ended;                // one of them
    bool draining = false;      // each has its last answer before it
    bool closing_idle = false;  // and none waits for a request any more
};

class Connection {
  public:
    virtual ~Connection() = default;

    // Returns when the connection has ended.
    virtual boost::asio::awaitable<void> serve() = 0;

    // Whether it waits for a request that need not come: one is on its way on a connection that is new in a drain.
    virtual bool is_idle() const = 0;

    // Closes it unless a request is being answered or has come.
    virtual void close_if_idle() = 0;
    virtual void close() = 0;
};

using ConnectedSocket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol>;

// It is in `state->open` until it is destroyed.
std::unique_ptr<Connection> make_connection(std::shared_ptr<ConnectionsState> state, ConnectedSocket socket);

}  // namespace thumbgate
