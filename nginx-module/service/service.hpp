// What the edge tells the backend about a request: the service MAC, the session's hash from the cookie, the
// deadline of its answer, and the trace context (W3C Trace Context), which is continued or started here. All are
// variables for proxy_set_header and logs.
#pragma once

#include <span>
#include <string>

#include "nginx-module/conf.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

inline constexpr ngx_msec_t kDefaultDeadlineMs = 8000;

std::span<const ngx_command_t> service_directives();
std::span<const ngx_http_variable_t> service_variables();

// Finds nginx's own variables; false when nginx refuses.
bool index_service_variables(ngx_conf_t* cf, ServiceMainConf& conf);
void init_service(ServiceConf& conf);
void merge_service(const ServiceConf& outer, ServiceConf& inner);

// The hash of the session that the request's cookie shows; empty without a valid one, and without thumb_secret.
std::string session_hash(ngx_http_request_t* r);

// 32 hex digits, the same for the whole request.
std::string_view request_id(ngx_http_request_t* r);

}  // namespace thumbgate::edge
