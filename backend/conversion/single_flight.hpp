// Work that several callers want at the same time is done once: the first begins a flight, the others wait for it. A
// flight belongs to nobody: it goes on when its callers have given up. An error is shared with those that wait, and not
// remembered. Not thread-safe: everything runs on the executor it was made with.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "backend/async.hpp"
#include "backend/deadline.hpp"
#include "backend/error.hpp"

namespace thumbgate {

// `Value` is copied to each caller, so it should be cheap to copy.
template <typename Value>
class SingleFlight {
  public:
    // Called on the flight's own coroutine; what it refers to outlives the executor's last coroutine.
    using Work = std::function<boost::asio::awaitable<Result<Value>>()>;
    using Landed = std::function<void(const Result<Value>&)>;

    explicit SingleFlight(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    // The result of the flight under way for `key`, which is begun with `work` if there is none; 503 after `deadline`.
    // Where the flight had less time than this caller, and failed for want of it (503), another one is begun.
    boost::asio::awaitable<Result<Value>> join(std::string key, Deadline deadline, Work work) {
        for (bool is_last = false;; is_last = true) {
            FlightPtr flight = find(key);
            const bool begun = flight == nullptr;
            if (begun) flight = begin(key, deadline, work);
            while (!flight->result) {
                const bool in_time = co_await flight->landed.wait_until(deadline);
                if (!in_time && !flight->result) {
                    co_return fail_unavailable("deadline", "There was not enough time to convert the picture.");
                }
            }
            const bool lacked_time =
                !*flight->result && flight->result->error().status == 503 && flight->deadline < deadline;
            if (begun || is_last || !lacked_time) co_return *flight->result;
        }
    }

    // Begins a flight that nobody waits for yet; false where one is under way. `landed` is told its result.
    bool start(const std::string& key, Deadline deadline, Work work, Landed landed) {
        if (find(key) != nullptr) return false;
        begin(key, deadline, std::move(work), std::move(landed));
        return true;
    }

    std::size_t size() const { return flights_->size(); }  // under way

  private:
    struct Flight {
        Flight(const boost::asio::any_io_executor& executor, Deadline until) : landed(executor), deadline(until) {}

        Event landed;
        Deadline deadline;                    // of who began it
        std::optional<Result<Value>> result;  // set once
        Landed told;                          // may be empty
    };
    using FlightPtr = std::shared_ptr<Flight>;
    using Flights = std::unordered_map<std::string, FlightPtr>;

    FlightPtr find(const std::string& key) const {
        const auto found = flights_->find(key);
        return found == flights_->end() ? nullptr : found->second;
    }

    FlightPtr begin(const std::string& key, Deadline deadline, Work work, Landed told = {}) {
        auto flight = std::make_shared<Flight>(executor_, deadline);
        flight->told = std::move(told);
        flights_->emplace(key, flight);
        boost::asio::co_spawn(executor_, fly(flights_, key, flight, std::move(work)), boost::asio::detached);
        return flight;
    }

    static boost::asio::awaitable<void> fly(std::shared_ptr<Flights> flights, std::string key, FlightPtr flight,
                                            Work work) {
        Result<Value> result = fail(500, "internal", "Something went wrong here; it was logged.");
        try {
            result = co_await work();
        } catch (const std::exception& error) {
            result.error().detail = error.what();
        }
        flights->erase(key);
        flight->result = std::move(result);
        if (flight->told) flight->told(*flight->result);
        flight->landed.notify_all();
    }

    boost::asio::any_io_executor executor_;
    std::shared_ptr<Flights> flights_ = std::make_shared<Flights>();  // coroutines may outlive this object
};

}  // namespace thumbgate
