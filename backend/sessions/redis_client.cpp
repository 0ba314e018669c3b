#include "backend/sessions/redis_client.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "backend/async.hpp"
#include "backend/sessions/redis_connection.hpp"

namespace thumbgate {
namespace asio = boost::asio;

struct RedisClientState {
    RedisClientState(const asio::any_io_executor& executor_in, RedisConfig config_in, RedisClient::Observer observer)
        : executor(executor_in),
          config(std::move(config_in)),
          on_change(std::move(observer)),
          pause(executor_in),
          changed(executor_in) {}

    void report(bool now_up, std::string_view reason) {
        if (up == now_up) return;
        up = now_up;
        changed.notify_all();
        on_change(now_up, reason);
    }

    asio::any_io_executor executor;
    RedisConfig config;
    RedisClient::Observer on_change;
    asio::steady_timer pause;
    Event changed;  // up or stopped
    std::shared_ptr<RedisConnection> connection;
    std::optional<bool> up;  // nullopt: not known yet
    bool started = false;
    bool stopped = false;
};

namespace {

asio::awaitable<bool> answers_ping(RedisConnection& connection) {
    std::vector<std::string> ping;
    ping.emplace_back("PING");
    const auto reply = co_await connection.ask(std::move(ping));
    if (!reply) connection.close(reply.error().detail);
    if (reply && reply->text != "PONG") connection.close("it does not answer PING as Redis does");
    co_return !connection.is_closed();
}

// Connects, and keeps asking until the connection ends. True if it was of use.
asio::awaitable<bool> use_connection(RedisClientState& state) {
    const auto connection = std::make_shared<RedisConnection>(state.executor, state.config);
    state.connection = connection;
    bool was_up = false;
    bool alive = co_await connection->open();
    if (alive) alive = co_await answers_ping(*connection);
    while (alive) {
        was_up = true;
        state.report(true, "");
        co_await connection->rest(state.config.ping_interval);
        alive = co_await answers_ping(*connection);
    }
    state.connection.reset();
    if (!state.stopped) state.report(false, connection->why_closed());
    co_return was_up;
}

asio::awaitable<void> keep_connected(std::shared_ptr<RedisClientState> state) {
    auto pause = state->config.min_pause;
    while (!state->stopped) {
        const bool was_up = co_await use_connection(*state);
        if (state->stopped) break;
        if (was_up) pause = state->config.min_pause;
        state->pause.expires_after(pause);
        boost::system::error_code ignored;
        co_await state->pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        pause = std::min(2 * pause, state->config.max_pause);
    }
}

}  // namespace

RedisClient::RedisClient(const asio::any_io_executor& executor, RedisConfig config, Observer on_change)
    : state_(std::make_shared<RedisClientState>(executor, std::move(config), std::move(on_change))) {}

// Cancelling a timer, which wakes who waits, may throw by its signature alone.
RedisClient::~RedisClient() {  // NOLINT(bugprone-exception-escape)
    stop();
}

void RedisClient::start() {
    state_->started = true;
    asio::co_spawn(state_->executor, keep_connected(state_), asio::detached);
}

void RedisClient::stop() {
    state_->stopped = true;
    state_->pause.cancel();
    state_->changed.notify_all();
    if (state_->connection) state_->connection->close("the service stops");
}

bool RedisClient::is_up() const {
    return state_->up.value_or(true);
}

asio::awaitable<Result<RedisReply>> RedisClient::command(std::vector<std::string> arguments) {
    const auto state = state_;
    const bool is_unknown = state->started && !state->stopped && !state->up;
    if (is_unknown) co_await state->changed.wait_until(std::chrono::steady_clock::now() + state->config.deadline);
    const auto connection = state->connection;
    const bool connected = state->up.value_or(false) && connection;
    // Not in ask(): a PING is always let through, or a crowd would look like a dead server.
    const bool crowded = connected && connection->pending() >= state->config.max_pending;
    if (!connected || crowded) {
        co_return fail_unavailable("redis_unavailable", "The session store does not answer; try again in a moment.",
                                   crowded ? "too many commands wait for an answer" : "not connected");
    }
    co_return co_await connection->ask(std::move(arguments));
}

}  // namespace thumbgate
