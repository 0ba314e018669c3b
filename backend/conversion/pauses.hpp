// How long to wait before something that failed is tried again.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

namespace thumbgate {

// 50 ms, then twice as long each time, up to 5 s.
class Pauses {
  public:
    std::chrono::milliseconds next() { return std::exchange(pause_, std::min(pause_ * 2, kLongest)); }
    void reset() { pause_ = kFirst; }

  private:
    static constexpr std::chrono::milliseconds kFirst{50};
    static constexpr std::chrono::milliseconds kLongest{5000};

    std::chrono::milliseconds pause_ = kFirst;
};

// Until `time` has passed, or timer.cancel().
inline boost::asio::awaitable<void> sleep(boost::asio::steady_timer& timer, std::chrono::steady_clock::duration time) {
    boost::system::error_code cancelled;
    timer.expires_after(time);
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
}

}  // namespace thumbgate
