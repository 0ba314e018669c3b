// The hot cache's zones, which are made in http{}, and the one that a location uses: see docs/directives.md.
#pragma once

#include "nginx-module/hot_cache/store.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

struct HotZone {
    ngx_shm_zone_t* shm;
    std::size_t max_object;          // bytes
    std::span<std::uint8_t> memory;  // set when the zone is initialised
    HotStore* store;                 // made in each worker; null elsewhere
};

struct HotMainConf {
    ngx_array_t* zones;  // of HotZone*
};

struct HotConf {
    HotZone* zone;  // null: none
    ngx_flag_t set;
};

}  // namespace thumbgate::edge
