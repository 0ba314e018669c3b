// An event that coroutines of the one-threaded parts of the backend wait for. It needs no locks, because everything
// runs on one io_context with one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <utility>

namespace thumbgate {

// Wakes every coroutine that waits at that moment. It holds no state: a waiter checks its condition in a loop. A waiter
// may outlive the event.
class Event {
  public:
    explicit Event(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    // False: the deadline came first.
    boost::asio::awaitable<bool> wait_until(std::chrono::steady_clock::time_point deadline) {
        boost::asio::steady_timer timer(executor_, deadline);
        const Registration registration(waiters_, timer);
        boost::system::error_code cancelled;
        co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
        co_return cancelled.failed();
    }
    boost::asio::awaitable<void> wait() { co_await wait_until(std::chrono::steady_clock::time_point::max()); }

    void notify_all() {
        for (boost::asio::steady_timer* timer : *waiters_) timer->cancel();
    }

  private:
    using Waiters = std::list<boost::asio::steady_timer*>;

    class Registration {
      public:
        Registration(std::shared_ptr<Waiters> waiters, boost::asio::steady_timer& timer)
            : waiters_(std::move(waiters)), place_(waiters_->insert(waiters_->end(), &timer)) {}
        Registration(const Registration&) = delete;
        Registration& operator=(const Registration&) = delete;
        ~Registration() { waiters_->erase(place_); }

      private:
        std::shared_ptr<Waiters> waiters_;
        Waiters::iterator place_;
    };

    boost::asio::any_io_executor executor_;
    std::shared_ptr<Waiters> waiters_ = std::make_shared<Waiters>();
};

}  // namespace thumbgate
