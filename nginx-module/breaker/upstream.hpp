// The circuit breaker in nginx's balancer: it wraps the upstream's own method, and while it is open answers "no live
// upstreams", so that proxy_cache_use_stale and error_page do what they always do. What is left gets 503 with
// Retry-After. Fails open: whatever goes wrong in here, the backend is asked.
#pragma once

#include <span>

#include "nginx-module/conf.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

std::span<const ngx_command_t> breaker_directives();

// After nginx has set up its upstreams: false, with an [emerg], when a breaker stands where it has no effect.
bool check_breakers(ngx_conf_t* cf, const BreakerMainConf& conf);

// Wraps the method that the upstream has so far.
void wrap_upstream(BreakerConf& conf);

// Header filter's part: nginx's 502 for "no live upstreams" becomes a 503 that says when to come back.
void set_breaker_status(ngx_http_request_t* r);

}  // namespace thumbgate::edge
