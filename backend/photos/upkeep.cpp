#include "backend/photos/upkeep.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::hours kInterval(1);
constexpr std::size_t kMostMarks = 10'000;  // removed at a time

}  // namespace

asio::awaitable<void> Upkeep::keep_sweeping() {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    const CallTerms terms{.access = Access::write};
    for (;;) {
        auto work = [&marks = marks_] { return marks.sweep(unix_milliseconds(), kMostMarks); };
        const auto swept = co_await offload(threads_, std::move(work), terms);
        if (!swept) complain_(swept.error().detail);
        timer.expires_after(kInterval);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

}  // namespace thumbgate
