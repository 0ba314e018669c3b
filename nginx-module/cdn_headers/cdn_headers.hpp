// Fields of a thumbnail location's responses that are for CDNs and browsers: a tag to purge a photo by
// (thumb_cache_tag), who may read it from another origin (thumb_cors, with the preflight's answer in the precontent
// phase), where its time went (thumb_server_timing), and nosniff. They are set for each response, after the edge's own
// caches. Without memory a field is left out.
#pragma once

#include <span>

#include "nginx-module/conf.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

std::span<const ngx_command_t> cdn_headers_directives();
void init_cdn_headers(CdnHeadersConf& conf);
void merge_cdn_headers(const CdnHeadersConf& outer, CdnHeadersConf& inner);

// Phase handler: answers a CORS preflight with 204, or declines.
ngx_int_t answer_preflight(ngx_http_request_t* r) noexcept;

// Header filter's part.
void set_cdn_headers(ngx_http_request_t* r);

}  // namespace thumbgate::edge
