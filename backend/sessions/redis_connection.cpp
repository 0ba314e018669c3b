#include "backend/sessions/redis_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace thumbgate {
namespace asio = boost::asio;
namespace {

using Protocol = asio::generic::stream_protocol;
using boost::system::error_code;

constexpr std::size_t kReadBytes = 16 * 1024;

auto into(error_code& error) {
    return asio::redirect_error(asio::use_awaitable, error);
}

std::unexpected<Error> unavailable(std::string detail) {
    return fail_unavailable("redis_unavailable", "The session store does not answer; try again in a moment.",
                            std::move(detail));
}

Protocol::endpoint endpoint_of(const SocketAddress& address) {
    socklen_t length = 0;
    const sockaddr_storage storage = to_sockaddr(address, length);
    return {&storage, length, 0};
}

}  // namespace

RedisConnection::RedisConnection(const asio::any_io_executor& executor, const RedisConfig& config)
    : config_(config), executor_(executor), socket_(executor), connect_timer_(executor), rest_timer_(executor) {}

asio::awaitable<bool> RedisConnection::open() {
    const auto self = shared_from_this();
    connect_timer_.expires_after(config_.deadline);
    connect_timer_.async_wait([self](error_code cancelled) {
        if (!cancelled) self->close("it accepts no connection");
    });
    const Protocol::endpoint endpoint = endpoint_of(config_.address);
    error_code error;
    co_await socket_.async_connect(endpoint, into(error));
    connect_timer_.cancel();
    if (error) close(error.message());
    if (closed_) co_return false;
    const int on = 1;
    if (endpoint.protocol().family() != AF_UNIX) {
        ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    asio::co_spawn(executor_, [self] { return self->receive(); }, asio::detached);
    co_return true;
}

asio::awaitable<Result<RedisReply>> RedisConnection::ask(std::vector<std::string> arguments) {
    const auto self = shared_from_this();
    if (closed_) co_return unavailable(reason_);
    const auto pending = std::make_shared<Pending>(executor_);
    pending->timer.expires_after(config_.deadline);
    pending_.push_back(pending);
    unsent_ += format_redis_command(arguments);
    write_more();
    error_code ignored;
    co_await pending->timer.async_wait(into(ignored));
    if (!pending->result) close("no answer within " + std::to_string(config_.deadline.count()) + " ms");
    co_return std::move(*pending->result);
}

void RedisConnection::close(std::string reason) {
    if (closed_) return;
    closed_ = true;
    reason_ = std::move(reason);
    error_code ignored;
    socket_.close(ignored);
    connect_timer_.cancel();
    rest_timer_.cancel();
    for (const auto& pending : std::exchange(pending_, {})) pending->complete(unavailable(reason_));
}

asio::awaitable<void> RedisConnection::rest(std::chrono::milliseconds time) {
    if (closed_) co_return;
    const auto self = shared_from_this();
    rest_timer_.expires_after(time);
    error_code ignored;
    co_await rest_timer_.async_wait(into(ignored));
}

asio::awaitable<void> RedisConnection::receive() {
    const auto self = shared_from_this();
    std::array<char, kReadBytes> bytes{};
    while (!closed_) {
        error_code error;
        const std::size_t count = co_await socket_.async_read_some(asio::buffer(bytes), into(error));
        if (error) {
            close(error == asio::error::eof ? "it closed the connection" : error.message());
        } else if (!parser_.feed(std::string_view(bytes.data(), count))) {
            close("it does not speak Redis' protocol");
        } else {
            take_answers();
        }
    }
}

void RedisConnection::take_answers() {
    while (!closed_) {
        auto answer = parser_.next();
        if (parser_.broken()) return close("it does not speak Redis' protocol");
        if (!answer) return;
        if (pending_.empty()) return close("it answered what nobody asked");
        const auto pending = std::move(pending_.front());
        pending_.pop_front();
        pending->complete(*answer ? Result<RedisReply>(std::move(**answer)) : unavailable(answer->error()));
    }
}

void RedisConnection::write_more() {
    if (closed_ || !writing_.empty() || unsent_.empty()) return;
    writing_.swap(unsent_);
    asio::async_write(socket_, asio::buffer(writing_), [self = shared_from_this()](error_code error, std::size_t) {
        self->writing_.clear();
        if (error) return self->close(error.message());
        self->write_more();
    });
}

}  // namespace thumbgate
