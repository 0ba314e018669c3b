// The secret that edge and backend share, the cookie's name, and how long an answer is waited for: see
// docs/directives.md.
#pragma once

#include "contract/secret.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

struct ServiceMainConf {
    const SharedSecret* secret;  // null: no thumb_secret
    // Indexes of nginx's own variables.
    ngx_int_t request_id;
    ngx_int_t http_cookie;
    ngx_int_t http_traceparent;
};

struct ServiceConf {
    ngx_str_t cookie_name;
    ngx_msec_t deadline;
};

}  // namespace thumbgate::edge
