// Under which name a browser saves a thumbnail, and whether it shows it first: the link's `filename` and
// `return_attachment`. They are no part of a cache key: the field is set for each response, after the edge's own
// caches, and on pictures alone, never on refusals and errors. Without memory it is left out.
#pragma once

#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

// Header filter's part.
void set_content_disposition(ngx_http_request_t* r);

}  // namespace thumbgate::edge
