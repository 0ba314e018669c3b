#include "backend/feed/purges.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "faults/fault_point.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::seconds kRetryInterval(1);

}  // namespace

asio::awaitable<bool> Purges::try_to_announce(const std::string& photo) {
    THUMB_FAULT_POINT("removal-unannounced");
    FeedEvent event;
    event.kind = FeedEventKind::purge;
    event.name = photo;
    const auto announced = co_await feed_.announce(std::move(event));
    if (!announced) {
        complain_(photo, announced.error().detail);
        co_return false;
    }
    auto work = [&photos = photos_, photo] { return photos.forget_removed(photo); };
    const auto forgotten = co_await offload(threads_, std::move(work), {.access = Access::write});
    // Then the tombstone stays, and the purge is announced once more after the next start.
    if (!forgotten) complain_(photo, forgotten.error().detail);
    co_return true;
}

asio::awaitable<void> Purges::announce(std::string photo) {
    const bool announced = co_await try_to_announce(photo);
    if (!announced) waiting_.insert(std::move(photo));
}

asio::awaitable<void> Purges::keep_announcing() {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (;;) {
        timer.expires_after(kRetryInterval);
        co_await timer.async_wait(asio::use_awaitable);
        if (feed_.is_available()) co_await try_once();
    }
}

// Whatever is thrown is told and tried again: a purge that is forgotten would be a photo that stays.
asio::awaitable<void> Purges::try_once() {
    try {
        const auto begun = co_await feed_.begin();
        if (!begun) complain_("-", begun.error().detail);
        co_await announce_waiting();
    } catch (const std::exception& error) {
        complain_("-", error.what());
    }
}

asio::awaitable<void> Purges::announce_waiting() {
    while (!waiting_.empty()) {
        const std::string photo = *waiting_.begin();
        const bool announced = co_await try_to_announce(photo);
        if (!announced) co_return;
        waiting_.erase(photo);
    }
}

}  // namespace thumbgate
