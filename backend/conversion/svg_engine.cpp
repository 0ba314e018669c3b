#include "backend/conversion/svg_engine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include "backend/async.hpp"

namespace thumbgate {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kNextTry{5};           // after a start that failed
constexpr std::chrono::minutes kNextTryOfSandbox{1};  // after one that fails again unless the machine changes

PoolConfig of_svg(PoolConfig config) {
    config.kind = ConverterKind::svg;
    config.converters = config.svg_converters;
    config.slow_converters = 0;
    return config;
}

Error not_read(std::string why) {
    return {415, "no_codec", "SVG is not read on this server.", std::move(why)};
}

}  // namespace

struct SvgEngine::State {
    State(const asio::any_io_executor& on, PoolConfig of, PoolObserver& reports)
        : executor(on), config(std::move(of)), observer(reports), settled(on) {}

    asio::any_io_executor executor;
    PoolConfig config;
    PoolObserver& observer;
    Event settled;                   // one way or the other
    std::shared_ptr<Engine> engine;  // null: it is not tried
    bool is_ready = false;
    bool is_stopped = false;
    std::optional<Error> error;  // of the last try
    Clock::time_point next_try{};
};

SvgEngine::SvgEngine(const asio::any_io_executor& executor, const PoolConfig& config, PoolObserver& observer)
    : state_(std::make_shared<State>(executor, of_svg(config), observer)) {}

// NOLINTNEXTLINE(bugprone-exception-escape): what stop() may throw is that there is no memory
SvgEngine::~SvgEngine() {
    stop();
}

asio::awaitable<Result<std::shared_ptr<Engine>>> SvgEngine::get(Deadline deadline) {
    const auto state = state_;
    if (state->config.converters == 0) co_return std::unexpected(not_read("there are no converters for it"));
    while (!state->is_ready) {
        if (state->is_stopped) co_return fail_unavailable("stopping", "The service is about to stop.");
        if (!state->engine) {
            if (state->error && Clock::now() < state->next_try) co_return std::unexpected(*state->error);
            state->engine = std::make_shared<Engine>(state->executor, state->config, state->observer);
            asio::co_spawn(state->executor, start(state), asio::detached);
        }
        const bool in_time = co_await state->settled.wait_until(deadline);
        if (!in_time) co_return fail_unavailable("late", "The picture takes longer to convert than its request may.");
    }
    co_return state->engine;
}

asio::awaitable<void> SvgEngine::start(std::shared_ptr<State> state) {
    Result<void> prepared;
    try {
        prepared = co_await state->engine->prepare();
    } catch (const std::exception& error) {
        prepared = fail_unavailable(std::string(kConvertersDown), "SVG cannot be drawn at the moment.", error.what());
    }
    if (prepared && !state->is_stopped) {
        state->is_ready = true;
        state->engine->run();
    } else if (!prepared) {
        const bool is_locked_out = prepared.error().code == kNotLockedIn;
        state->error = is_locked_out ? not_read(prepared.error().detail) : prepared.error();
        state->next_try = Clock::now() + (is_locked_out ? Clock::duration(kNextTryOfSandbox) : kNextTry);
        state->engine->stop();
        state->engine.reset();
    }
    state->settled.notify_all();
}

void SvgEngine::stop() {
    state_->is_stopped = true;
    if (state_->engine) state_->engine->stop();
    state_->settled.notify_all();
}

}  // namespace thumbgate
