// The engine behind which SVG is drawn: its converters may read fonts, and nothing but SVG. It is started by the first
// one that comes, since most services never see any. Not thread-safe: everything runs on one executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

#include "backend/conversion/engine.hpp"

namespace thumbgate {

class SvgEngine {
  public:
    // `config`: of the whole pool.
    SvgEngine(const boost::asio::any_io_executor& executor, const PoolConfig& config, PoolObserver& observer);
    SvgEngine(const SvgEngine&) = delete;
    SvgEngine& operator=(const SvgEngine&) = delete;
    ~SvgEngine();

    // The engine, running. Errors: 415 no_codec where there are to be no such converters, or where they cannot be
    // locked in; 503 where they do not start, or not before the deadline. It is tried again later.
    boost::asio::awaitable<Result<std::shared_ptr<Engine>>> get(Deadline deadline);

    // The observer is not called any more.
    void stop();

  private:
    struct State;
    static boost::asio::awaitable<void> start(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;  // a start may outlive this object
};

}  // namespace thumbgate
