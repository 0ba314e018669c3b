// Problem details (RFC 9457): the error pages that nginx writes itself are replaced by application/problem+json with
// the reason and the request id. A response of the backend and an error_page of the user's stay as they are.
#pragma once

#include <span>

#include "nginx-module/conf.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

std::span<const ngx_command_t> problem_directives();
void init_problem(ProblemConf& conf);
void merge_problem(const ProblemConf& outer, ProblemConf& inner, bool is_thumbnail_location);

// Header filter's part: takes the error page's place where there is one.
void replace_error_page_headers(ngx_http_request_t* r);

// Body filter's part: the chain to send instead of `in`, or `in` itself; null with no memory.
ngx_chain_t* replace_error_page_body(ngx_http_request_t* r, ngx_chain_t* in);

}  // namespace thumbgate::edge
