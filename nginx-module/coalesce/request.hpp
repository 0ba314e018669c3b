// A request's part in a fetch: it leads one, or waits for one in its worker's waiting room. In the request's pool.
#pragma once

#include <optional>

#include "nginx-module/coalesce/flights.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

class WaitingRoom;

struct Coalesced {
    enum class Stage : std::uint8_t {
        none,
        leads,
        waits,  // in the queue of its flight
        woken,  // in the queue of those that go on next
    };

    Stage stage = Stage::none;
    ngx_http_request_t* request = nullptr;
    WaitingRoom* room = nullptr;
    HotKey key{};  // of the flight
    FlightTicket ticket{};
    std::optional<FetchResult> result{};  // how the fetch ended; a waiter's is used up as it goes on

    // As a waiter.
    ngx_queue_t link{};
    ngx_event_t timer{};
    ngx_msec_t deadline = 0;  // of all its waiting; set as it begins
    unsigned rounds = 0;      // flights that it took part in
    bool timed_out = false;

    // As a leader.
    void (*upstream_finalize)(ngx_http_request_t*, ngx_int_t) = nullptr;  // what we put ours in the place of
    ngx_event_t landing{};
};

}  // namespace thumbgate::edge
