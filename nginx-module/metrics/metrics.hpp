// Metrics of the edge: every request is counted in the log phase, and `thumb_metrics` answers with the Prometheus text
// format. Counting costs a few atomic additions and never fails a request.
#pragma once

#include <span>

#include "nginx-module/conf.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

std::span<const ngx_command_t> metrics_directives();

// Asks nginx for the counters' shared memory; false when it refuses.
bool add_metrics_zone(ngx_conf_t* cf, MainConf& conf);

// Phase handler.
ngx_int_t count_request(ngx_http_request_t* r) noexcept;

}  // namespace thumbgate::edge
