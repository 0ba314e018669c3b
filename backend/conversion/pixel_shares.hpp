// The files in which converters leave the pixels of a source for each other; see converter/shared_pixels.hpp. There are
// a few at a time, each for a few seconds. Not thread-safe: everything runs on one executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>

#include "backend/converter/protocol.hpp"
#include "backend/unique_fd.hpp"

namespace thumbgate {

class PixelShares {
  public:
    static constexpr std::size_t kMost = 4;
    static constexpr std::chrono::seconds kLifetime{5};

    explicit PixelShares(const boost::asio::any_io_executor& executor, std::chrono::milliseconds lifetime = kLifetime);

    // The file of that source; null where there is none.
    std::shared_ptr<const UniqueFd> find(const SourceDigest& source) const;

    // The same; where there is none, or what it was made for is smaller, it is a new one, in the place of the oldest
    // where there are too many. Null: no file can be made.
    std::shared_ptr<const UniqueFd> find_or_make(const SourceDigest& source, std::uint32_t side);

    void forget(const SourceDigest& source);
    std::size_t size() const { return state_->shares.size(); }

  private:
    struct Share {
        SourceDigest source;
        std::uint32_t side;  // pixels, that it was made for
        std::shared_ptr<const UniqueFd> file;
        std::chrono::steady_clock::time_point end;
    };
    // Shared with what waits for the timer.
    struct State {
        explicit State(const boost::asio::any_io_executor& executor) : timer(executor) {}
        std::deque<Share> shares;  // the oldest first
        boost::asio::steady_timer timer;
        bool is_waiting = false;
    };

    static void wait(const std::shared_ptr<State>& state);

    std::shared_ptr<State> state_;
    std::chrono::milliseconds lifetime_;
};

}  // namespace thumbgate
