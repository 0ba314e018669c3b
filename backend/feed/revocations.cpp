#include "backend/feed/revocations.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "backend/units.hpp"
#include "faults/fault_point.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::seconds kInterval(1);

FeedEvent event_of(const Revocation& revocation) {
    FeedEvent event;
    event.kind = FeedEventKind::revoke_link;
    event.name = revocation.link;
    event.expires = revocation.expires;
    return event;
}

}  // namespace

asio::awaitable<bool> Revocations::try_to_announce(const Revocation& revocation) {
    THUMB_FAULT_POINT("revocation-unannounced");
    FeedEvent event = event_of(revocation);
    const auto announced = co_await feed_.announce(std::move(event));
    if (!announced) {
        complain_(revocation.link, announced.error().detail);
        co_return false;
    }
    if (!witness_ || witness_->expires < revocation.expires) witness_ = revocation;
    co_return true;
}

asio::awaitable<void> Revocations::announce(Revocation revocation) {
    const bool announced = co_await try_to_announce(revocation);
    if (!announced) waiting_[revocation.link] = revocation.expires;
}

void Revocations::add(const std::vector<Revocation>& revocations) {
    for (const Revocation& revocation : revocations) waiting_[revocation.link] = revocation.expires;
}

// Redis that was emptied, or has gone back to an older copy of itself, does not know the latest of them.
asio::awaitable<void> Revocations::look_for_loss() {
    if (!witness_ || witness_->expires < unix_seconds()) co_return;
    FeedEvent event = event_of(*witness_);
    const auto known = co_await feed_.remembers(std::move(event));
    if (!known || *known) co_return;
    auto work = [&links = links_] { return links.revocations(unix_seconds()); };
    const auto all = co_await offload(threads_, std::move(work), {.access = Access::write});
    if (!all) {
        complain_("-", all.error().detail);
        co_return;
    }
    add(*all);
    witness_.reset();
}

asio::awaitable<void> Revocations::catch_up() {
    co_await look_for_loss();
    while (!waiting_.empty()) {
        const Revocation next{waiting_.begin()->first, waiting_.begin()->second};
        const bool announced = co_await try_to_announce(next);
        if (!announced) co_return;
        waiting_.erase(next.link);
    }
}

// Whatever is thrown is told and tried again: a revocation that is forgotten would be a link that works.
asio::awaitable<void> Revocations::keep_announcing() {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (;;) {
        timer.expires_after(kInterval);
        co_await timer.async_wait(asio::use_awaitable);
        if (!feed_.is_available()) continue;
        try {
            co_await catch_up();
        } catch (const std::exception& error) {
            complain_("-", error.what());
        }
    }
}

}  // namespace thumbgate
