// One flight for all who want the same, and each may give up alone.
#include "backend/conversion/single_flight.hpp"

#include <boost/asio/use_future.hpp>

#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

using Flights = SingleFlight<int>;

// Flights whose work ends when the test says so.
struct Fixture {
    asio::io_context io{1};
    Flights flights{io.get_executor()};
    Event gate{io.get_executor()};
    bool is_open = false;
    int begun = 0;
    Result<int> answer = 7;

    Flights::Work work() {
        return [this]() -> asio::awaitable<Result<int>> {
            ++begun;
            while (!is_open) co_await gate.wait();
            co_return answer;
        };
    }
    std::future<Result<int>> join(const std::string& key, Deadline deadline = Deadline::max()) {
        auto joined = asio::co_spawn(io, flights.join(key, deadline, work()), asio::use_future);
        turn();
        return joined;
    }
    void open() {
        is_open = true;
        gate.notify_all();
        turn();
    }
    // Runs what can be run now.
    void turn() {
        io.restart();
        while (io.poll() > 0) {
        }
    }
    // Runs on until it is there.
    Result<int> get(std::future<Result<int>>& future) {
        io.restart();
        const auto until = std::chrono::steady_clock::now() + 10s;
        while (future.wait_for(0s) != std::future_status::ready && std::chrono::steady_clock::now() < until) {
            io.run_one_for(10ms);
        }
        REQUIRE(future.wait_for(0s) == std::future_status::ready);
        return future.get();
    }
};

}  // namespace

TEST_CASE("all who want the same wait for one flight, and another key has its own") {
    Fixture f;
    auto first = f.join("a");
    auto second = f.join("a");
    auto other = f.join("b");
    CHECK(f.begun == 2);
    CHECK(f.flights.size() == 2);
    f.open();
    CHECK(*f.get(first) == 7);
    CHECK(*f.get(second) == 7);
    CHECK(*f.get(other) == 7);
    CHECK(f.flights.size() == 0);
}

TEST_CASE("an error is shared with those that wait, and not remembered") {
    Fixture f;
    f.answer = fail(422, "corrupt", "no");
    auto first = f.join("a");
    auto second = f.join("a");
    f.open();
    CHECK(f.get(first).error().code == "corrupt");
    CHECK(f.get(second).error().code == "corrupt");
    CHECK(f.begun == 1);
    f.answer = 8;
    auto later = f.join("a");
    CHECK(*f.get(later) == 8);
    CHECK(f.begun == 2);
}

TEST_CASE("who began a flight may give up, and the flight goes on for the others") {
    Fixture f;
    auto hasty = f.join("a", after(20ms));
    auto patient = f.join("a");
    CHECK(f.get(hasty).error().status == 503);
    CHECK(f.flights.size() == 1);
    f.open();
    CHECK(*f.get(patient) == 7);
    CHECK(f.begun == 1);
}

TEST_CASE("a flight that failed for want of its beginner's time is begun anew for who has more") {
    Fixture f;
    f.answer = fail_unavailable("queue_timeout", "no");
    auto hasty = f.join("a", after(30s));
    auto patient = f.join("a", after(60s));
    f.open();
    CHECK(f.get(hasty).error().status == 503);
    CHECK(f.get(patient).error().status == 503);
    CHECK(f.begun == 2);
}

TEST_CASE("a flight in the background is begun once, joined by who comes, and tells its result") {
    Fixture f;
    int told = 0;
    const Flights::Landed landed = [&](const Result<int>& result) { told = *result; };
    CHECK(f.flights.start("a", Deadline::max(), f.work(), landed));
    CHECK_FALSE(f.flights.start("a", Deadline::max(), f.work(), landed));
    auto joined = f.join("a");
    CHECK(f.begun == 1);
    f.open();
    CHECK(*f.get(joined) == 7);
    CHECK(told == 7);
}

TEST_CASE("work that throws is an error, and ends its flight") {
    Fixture f;
    Flights::Work work = []() -> asio::awaitable<Result<int>> {
        throw std::runtime_error("broken");
        co_return 1;
    };
    auto joined = asio::co_spawn(f.io, f.flights.join("a", Deadline::max(), std::move(work)), asio::use_future);
    const auto result = f.get(joined);
    CHECK(result.error().status == 500);
    CHECK(result.error().detail == "broken");
    CHECK(f.flights.size() == 0);
}
