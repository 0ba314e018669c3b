// The circuit breakers, one an upstream{}: see docs/directives.md.
#pragma once

#include "nginx-module/breaker/breaker.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

// An upstream's part of the configuration; no rules: it has no breaker.
struct BreakerConf {
    BreakerRules* rules;
    ngx_http_upstream_srv_conf_t* upstream;
    ngx_shm_zone_t* shm;
    BreakerState* state;  // set when the zone is initialised
    ngx_http_upstream_init_pt inner_init_upstream;
    ngx_http_upstream_init_peer_pt inner_init_peer;  // null until nginx has set up the upstream
};

struct BreakerMainConf {
    ngx_array_t* breakers;  // of BreakerConf*; null: none
};

}  // namespace thumbgate::edge
