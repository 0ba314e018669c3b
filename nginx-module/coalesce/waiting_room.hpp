// The requests of one worker that wait for a fetch. Its place's descriptor tells the worker that a fetch ended; then
// those who waited for it go on from the access phase, so that what is judged there is judged again. A waiter leaves
// when its client goes away, and goes on when its time is up. Twice a second, while anyone waits, the room looks
// whether a leader's process died, which no event tells where nginx starts no successor (an old worker after a reload).
#pragma once

#include <unordered_map>

#include "nginx-module/coalesce/conf.hpp"
#include "nginx-module/coalesce/recent_keys.hpp"
#include "nginx-module/coalesce/request.hpp"

namespace thumbgate::edge {

class WaitingRoom {
  public:
    WaitingRoom(FlightZone& zone, const ngx_cycle_t* cycle);
    // Requests that still wait are not answered: the worker ends.
    ~WaitingRoom();
    WaitingRoom(const WaitingRoom&) = delete;
    WaitingRoom& operator=(const WaitingRoom&) = delete;

    // Takes a place among the workers, and listens to its descriptor. False: no place or no connection is free.
    bool open(const ngx_cycle_t* cycle);

    Flights& flights() { return flights_; }
    RecentKeys& recent() { return recent_; }

    // The request waits for waiter.ticket, until waiter.deadline at the latest. False: it cannot.
    bool admit(Coalesced& waiter);

    // The request is gone, or goes on by itself.
    void dismiss(Coalesced& waiter) noexcept;

  private:
    struct Hash {
        std::size_t operator()(const FlightTicket& ticket) const {
            return ticket.generation * std::size_t{4096} + ticket.flight;
        }
    };

    static void on_wake(ngx_event_t* event) noexcept;
    static void on_sweep(ngx_event_t* event) noexcept;
    static void on_timeout(ngx_event_t* event) noexcept;

    bool listen(int descriptor, ngx_log_t* log);
    void take_results();
    void let_go(Coalesced& waiter);
    void resume(Coalesced& waiter) const;
    void count(std::ptrdiff_t change) noexcept;

    FlightZone& zone_;
    Flights flights_;
    RecentKeys recent_;
    ngx_uint_t access_phase_;
    ngx_event_t sweep_{};
    std::unordered_map<FlightTicket, ngx_queue_t, Hash> queues_;  // of Coalesced::link, by the flight waited for
    ngx_queue_t woken_;
    std::size_t waiting_ = 0;
};

}  // namespace thumbgate::edge
