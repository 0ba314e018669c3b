// What a thumbnail's response says about caches: Cache-Control by the link's own terms, Vary where the format was
// negotiated, and what served it (X-Cache, and Cache-Status of RFC 9211). The edge's caches share one object; these
// fields are set for each response, after nginx's headers filter, so that they win over add_header and expires.
#pragma once

#include <span>

#include "nginx-module/conf.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

std::span<const ngx_command_t> client_cache_directives();
void init_client_cache(ClientCacheConf& conf);
void merge_client_cache(const ClientCacheConf& outer, ClientCacheConf& inner);

// Header filter's part.
void set_client_cache_headers(ngx_http_request_t* r);

// Which cache served a request, in nginx's numbers (NGX_HTTP_CACHE_…), 0 when none was asked; and one more for ours.
inline constexpr unsigned kHot = 9;
unsigned cache_status(ngx_http_request_t* r);

// "HOT", "HIT", "MISS"…; empty for 0.
std::string_view cache_status_name(unsigned status);

std::span<const ngx_http_variable_t> client_cache_variables();

}  // namespace thumbgate::edge
