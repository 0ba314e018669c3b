// What a location says about coalescing, and the shared memory of all: see docs/directives.md.
#pragma once

#include <array>
#include <span>

#include "nginx-module/coalesce/flights.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

class WaitingRoom;

// At the head of the zone's memory. The descriptors are made with the memory, in the master: they are the same numbers
// in every worker that it forks, before and after a reload, and go with it at a binary upgrade, as the memory does.
struct FlightZone {
    std::span<std::uint8_t> flights;
    std::array<int, kFlightWorkers> descriptors;  // eventfd, one a worker's place
};

struct CoalesceMainConf {
    ngx_shm_zone_t* zone;
    WaitingRoom* room;  // made in each worker; null elsewhere, and where there was no place
};

struct CoalesceConf {
    ngx_flag_t enabled;
    ngx_msec_t timeout;
};

}  // namespace thumbgate::edge
