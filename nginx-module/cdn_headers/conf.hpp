// What a thumbnail's response says to CDNs and browsers beyond caching: see docs/directives.md.
#pragma once

#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

inline constexpr ngx_flag_t kDefaultServerTiming = 0;

struct CdnHeadersConf {
    ngx_array_t* tag_headers;  // of ngx_str_t; null: not set; empty: off
    ngx_array_t* origins;      // of ngx_str_t; null: not set; empty: off; else "*" alone, or a list
    ngx_flag_t server_timing;

    bool has_cors() const { return origins != nullptr && origins->nelts > 0; }
    bool any_origin() const { return has_cors() && *static_cast<ngx_str_t*>(origins->elts)->data == '*'; }
    // Each origin has a response of its own, also a request that names none.
    bool varies_by_origin() const { return has_cors() && !any_origin(); }
};

}  // namespace thumbgate::edge
