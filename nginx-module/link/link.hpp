// Signed links at the edge: verifies the signature in the access phase (so that satisfy, allow and deny work with it),
// refuses what cannot be parsed in the precontent phase, and gives the variables that proxy_pass and proxy_cache need.
#pragma once

#include <span>

#include "nginx-module/conf.hpp"
#include "nginx-module/ngx.hpp"
#include "nginx-module/request_state.hpp"

namespace thumbgate::edge {

std::span<const ngx_command_t> link_directives();
std::span<const ngx_http_variable_t> link_variables();

void init_link(LinkConf& conf);
// An nginx conf status: NGX_CONF_OK or NGX_CONF_ERROR.
char* merge_link(ngx_conf_t* cf, const LinkConf& outer, LinkConf& inner);

// Phase handlers. The first takes the signature out of the request line, which error_log and $request show.
ngx_int_t link_preaccess(ngx_http_request_t* r) noexcept;
ngx_int_t link_access(ngx_http_request_t* r) noexcept;
ngx_int_t link_precontent(ngx_http_request_t* r) noexcept;

// The link of a thumbnail location, parsed on first use; null where there is none, or it is refused.
const ParsedLink* parsed_link(ngx_http_request_t* r);

// The name of the request's picture in every cache of this edge: the canonical form and, where a control feed is
// followed, the cache epoch and the generation of its source. Null where parsed_link is.
const std::string* cache_key(ngx_http_request_t* r);

// The request's path without signature and query, for logs.
std::string redacted_uri(ngx_http_request_t* r);

// What the backend is asked for: the canonical form in a thumbnail location, else the request's own URI with its query.
std::optional<std::string> backend_uri(ngx_http_request_t* r);

}  // namespace thumbgate::edge
