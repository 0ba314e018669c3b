#include "backend/http/server.hpp"

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <utility>

#include "backend/async.hpp"
#include "backend/http/connection.hpp"

namespace thumbgate {
namespace asio = boost::asio;

struct ServerState {
    ServerState(asio::any_io_executor executor_in, Listener listener_in, ServerLimits limits,
                Server::Responder responder, Server::Watcher watcher)
        : executor(std::move(executor_in)),
          listener(std::move(listener_in)),
          acceptor(executor, asio::generic::stream_protocol(listener.family(), 0), listener.release_fd()),
          shared(std::make_shared<ConnectionsState>(executor, limits, std::move(responder), std::move(watcher))) {}

    asio::any_io_executor executor;
    Listener listener;
    asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor;
    std::shared_ptr<ConnectionsState> shared;
    bool accepting = true;
};

namespace {

using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause(100);  // after an error such as "too many open files"

auto into(error_code& error) {
    return asio::redirect_error(asio::use_awaitable, error);
}

asio::awaitable<void> serve(std::unique_ptr<Connection> connection) {
    co_await connection->serve();
}

void start_connection(const std::shared_ptr<ServerState>& state, ConnectedSocket socket) {
    asio::co_spawn(state->executor, serve(make_connection(state->shared, std::move(socket))), asio::detached);
}

asio::awaitable<void> accept_connections(std::shared_ptr<ServerState> state) {
    asio::steady_timer pause(state->executor);
    while (state->accepting) {
        if (state->shared->open.size() >= state->shared->limits.max_connections) {
            co_await state->shared->ended.wait();
            continue;
        }
        ConnectedSocket socket(state->executor);
        error_code error;
        co_await state->acceptor.async_accept(socket, into(error));
        if (!error) {
            start_connection(state, std::move(socket));
        } else if (state->accepting) {
            pause.expires_after(kAcceptPause);
            co_await pause.async_wait(into(error));
        }
    }
}

// Connections that the kernel has already accepted for us would be reset by closing the socket: they are served.
void accept_pending(const std::shared_ptr<ServerState>& state) {
    error_code error;
    state->acceptor.non_blocking(true, error);
    while (!error) {
        ConnectedSocket socket(state->executor);
        state->acceptor.accept(socket, error);
        if (!error) start_connection(state, std::move(socket));
    }
}

void stop_accepting(const std::shared_ptr<ServerState>& state) {
    if (!state->accepting) return;
    state->accepting = false;
    if (!state->listener.is_adopted()) accept_pending(state);
    error_code error;
    state->acceptor.close(error);
    state->shared->ended.notify_all();
}

bool has_idle(const ConnectionsState& shared) {
    return std::ranges::any_of(shared.open, [](const Connection* connection) { return connection->is_idle(); });
}

}  // namespace

Server::Server(asio::any_io_executor executor, Listener listener, ServerLimits limits, Responder responder,
               Watcher watcher)
    : state_(std::make_shared<ServerState>(std::move(executor), std::move(listener), limits, std::move(responder),
                                           std::move(watcher))) {}

Server::~Server() = default;

void Server::start() {
    asio::co_spawn(state_->executor, accept_connections(state_), asio::detached);
}

std::size_t Server::connections() const {
    return state_->shared->open.size();
}

asio::awaitable<void> Server::drain(DrainTimes times) {
    const std::shared_ptr<ServerState> state = state_;
    ConnectionsState& shared = *state->shared;
    const auto begin = std::chrono::steady_clock::now();
    shared.draining = true;
    if (!state->listener.is_adopted()) stop_accepting(state);
    const auto lame_duck_end = begin + std::min(times.lame_duck, times.timeout);
    bool in_time = true;
    while (in_time && has_idle(shared)) in_time = co_await shared.ended.wait_until(lame_duck_end);
    stop_accepting(state);
    shared.closing_idle = true;
    for (Connection* connection : shared.open) connection->close_if_idle();
    in_time = true;
    while (in_time && !shared.open.empty()) in_time = co_await shared.ended.wait_until(begin + times.timeout);
    for (Connection* connection : shared.open) connection->close();
}

}  // namespace thumbgate
