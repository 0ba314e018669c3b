// Rate limits: charges each main request once, in the preaccess phase, after realip. A request over a limit gets 429
// with RateLimit-Policy, RateLimit (draft-ietf-httpapi-ratelimit-headers) and Retry-After (RFC 9110 §10.2.3). A limit
// `on=denied` is charged in the access phase instead, once the signature turned out to be bad.
#pragma once

#include <span>

#include "nginx-module/conf.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

std::span<const ngx_command_t> rate_limit_directives();
void merge_rate_limit(const RateLimitConf& outer, RateLimitConf& inner);

// Phase handler.
ngx_int_t rate_limit_preaccess(ngx_http_request_t* r) noexcept;

// Takes the access phase's outcome, and gives the one to return: of requests with a bad signature, those over an
// on=denied limit get 429 instead of 403.
ngx_int_t limit_denied(ngx_http_request_t* r, ngx_int_t access) noexcept;

// Header filter's part: the RateLimit fields on a 429, and on responses that no cache shares.
void add_rate_limit_headers(ngx_http_request_t* r);

}  // namespace thumbgate::edge
