// Coalescing: of the requests for one thumbnail that no cache of this edge holds, one asks the backend and the others
// wait for it, in whatever worker they are. In the precontent phase, after the hot cache. Fails open: a request that
// can neither lead nor wait asks for itself, as if there were no coalescing.
#pragma once

#include <prometheus/metric_family.h>

#include <span>
#include <vector>

#include "nginx-module/conf.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

std::span<const ngx_command_t> coalesce_directives();
void init_coalesce(CoalesceConf& conf);
void merge_coalesce(const CoalesceConf& outer, CoalesceConf& inner);

// Asks nginx for the shared memory; false when it refuses.
bool add_coalesce_zone(ngx_conf_t* cf, CoalesceMainConf& conf);

// In each worker as it starts and ends.
void attach_coalesce(const ngx_cycle_t* cycle, CoalesceMainConf& conf);
void detach_coalesce(CoalesceMainConf& conf);

std::vector<prometheus::MetricFamily> coalesce_metrics(const CoalesceMainConf& conf);

// Phase handler.
ngx_int_t coalesce(ngx_http_request_t* r) noexcept;

// Header filter's part, for a leader: says how its fetch ended, or sees to it that it will be said. True: the client is
// gone, so nothing is to be sent.
bool watch_fetch(ngx_http_request_t* r);

}  // namespace thumbgate::edge
