#include "backend/photos/removal_schedule.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::seconds kInterval(1);
constexpr std::uint64_t kRetry = 60;  // seconds after which files that could not be removed are tried again

}  // namespace

std::uint64_t RemovalSchedule::restorable_until(std::uint64_t now) const {
    return times_.undo.count() == 0 ? 0 : now + static_cast<std::uint64_t>(times_.undo.count());
}

std::uint64_t RemovalSchedule::finished_before(std::uint64_t now) const {
    return now - std::min(now, static_cast<std::uint64_t>(times_.grace.count()));
}

asio::awaitable<void> RemovalSchedule::finish_due(std::uint64_t now) {
    const std::uint64_t before = finished_before(now);
    std::vector<std::string> photos;
    for (const auto& [photo, until] : due_) {
        if (until < before) photos.push_back(photo);
    }
    for (const std::string& photo : photos) {
        auto work = [&store = photos_, photo, before] { return store.finish_removal(photo, before); };
        const auto finished = co_await offload(threads_, std::move(work), {.access = Access::write});
        if (finished && *finished) {
            // Unless it was restored and deleted again just now.
            const auto entry = due_.find(photo);
            if (entry != due_.end() && entry->second < before) due_.erase(entry);
            co_await purges_.announce(photo);
        } else {
            complain_(photo, finished ? "a file cannot be removed" : finished.error().detail);
            due_[photo] = now + kRetry;
        }
    }
}

asio::awaitable<void> RemovalSchedule::keep_finishing() {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (;;) {
        timer.expires_after(kInterval);
        co_await timer.async_wait(asio::use_awaitable);
        try {
            co_await finish_due(unix_seconds());
        } catch (const std::exception& error) {
            complain_("-", error.what());
        }
    }
}

}  // namespace thumbgate
