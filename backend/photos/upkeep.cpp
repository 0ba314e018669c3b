#include "backend/photos/upkeep.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::hours kInterval(1);
constexpr std::size_t kMostMarks = 10'000;   // removed at a time
constexpr std::size_t kMostPhotos = 10'000;  // the same

}  // namespace

asio::awaitable<void> Upkeep::sweep() {
    auto work = [&marks = marks_] { return marks.sweep(unix_milliseconds(), kMostMarks); };
    const auto swept = co_await offload(threads_, std::move(work), {.access = Access::write});
    if (!swept) complain_("upload marks: " + swept.error().detail);
    const auto removed = co_await retention_.sweep(unix_milliseconds(), kMostPhotos);
    if (!removed) complain_("photos: " + removed.error().detail);
}

asio::awaitable<void> Upkeep::keep_sweeping() {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (;;) {
        try {
            co_await sweep();
        } catch (const std::exception& error) {
            complain_(error.what());
        }
        timer.expires_after(kInterval);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

}  // namespace thumbgate
