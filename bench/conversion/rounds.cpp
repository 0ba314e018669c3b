#include "bench/conversion/rounds.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "bench/interrupt.hpp"
#include "tests/support/failure.hpp"

namespace thumbgate::bench {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// Clients at work until there are no more orders, or one of them fails: that failure is thrown where they are joined.
class Clients {
  public:
    // nullopt: there are no more. Never called by two at once.
    using Orders = std::function<std::optional<Order>()>;

    Clients(Side& side, unsigned count, Orders orders) : side_(side), orders_(std::move(orders)) {
        const unsigned clients = std::min(count, side.most_clients());
        for (unsigned i = 0; i < clients; ++i) threads_.emplace_back([this, i] { work(i); });
    }

    // In milliseconds, of each picture.
    std::vector<double> join() {
        for (std::jthread& thread : threads_) thread.join();
        if (failure_) std::rethrow_exception(failure_);
        return std::move(latencies_);
    }

  private:
    std::optional<Order> next() {
        const std::lock_guard lock(mutex_);
        return failure_ ? std::nullopt : orders_();
    }

    void work(unsigned client) {
        try {
            while (const auto order = next()) {
                throw_if_interrupted();
                const auto asked = Clock::now();
                const std::string picture = side_.convert(client, *order);
                const double took = 1000 * seconds_since(asked);
                if (picture.empty()) test::fail_fixture(std::string(side_.name()) + " answers with nothing");
                const std::lock_guard lock(mutex_);
                latencies_.push_back(took);
            }
        } catch (...) {
            const std::lock_guard lock(mutex_);
            failure_ = std::current_exception();
        }
    }

    Side& side_;
    Orders orders_;
    std::mutex mutex_;  // guards what follows, and orders_
    std::vector<double> latencies_;
    std::exception_ptr failure_;
    std::vector<std::jthread> threads_;
};

}  // namespace

std::vector<Order> Work::orders() const {
    std::vector<Order> orders;
    for (const Photograph& photograph : photographs) {
        orders.push_back({.photograph = photograph, .width = width, .format = format});
    }
    return orders;
}

Round put_work(Side& side, const Work& work, unsigned clients, std::chrono::milliseconds at_least) {
    const double cpu_before = side.cpu_seconds();
    const auto start = Clock::now();
    const std::vector<Order> orders = work.orders();
    std::size_t ordered = 0;
    const auto next = [&]() -> std::optional<Order> {
        const bool is_whole = ordered > 0 && ordered % orders.size() == 0;
        if (is_whole && Clock::now() - start >= at_least) return std::nullopt;
        return orders[ordered++ % orders.size()];
    };
    Round round;
    round.latency_ms = Clients(side, clients, next).join();
    const auto count = static_cast<double>(round.latency_ms.size());
    round.per_second = count / seconds_since(start);
    round.cpu_ms = 1000 * (side.cpu_seconds() - cpu_before) / count;
    return round;
}

double time_of(Side& side, const std::vector<Order>& orders, unsigned clients) {
    const auto start = Clock::now();
    std::size_t ordered = 0;
    const auto next = [&] { return ordered < orders.size() ? std::optional(orders[ordered++]) : std::nullopt; };
    Clients(side, clients, next).join();
    return seconds_since(start);
}

}  // namespace thumbgate::bench
