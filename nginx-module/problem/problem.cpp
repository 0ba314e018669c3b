// Writes the problem's JSON and puts it in the place of nginx's error page. Without memory nginx's page stays.
#include "nginx-module/problem/problem.hpp"

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string>

#include "nginx-module/request_state.hpp"
#include "nginx-module/service/service.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::string_view kMediaType = "application/problem+json";

std::string_view title_of(ngx_uint_t status) {
    switch (status) {
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 410:
            return "Gone";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return status < 500 ? "Client Error" : "Server Error";
    }
}

std::string_view default_detail(ngx_uint_t status) {
    switch (status) {
        case 413:
            return "the body is larger than this server takes";
        case 502:
            return "the conversion service gave no valid answer; try again";
        case 503:
            return "the conversion service is not available; try again";
        case 504:
            return "the conversion service did not answer in time; try again";
        default:
            return {};
    }
}

// nginx sets err_status for the pages it writes itself; after an internal redirect the page is the user's own.
bool is_error_page(ngx_http_request_t* r) {
    return r == r->main && r->err_status >= NGX_HTTP_BAD_REQUEST && r->internal == 0 &&
           r->headers_out.status == r->err_status;
}

std::string problem_json(ngx_http_request_t* r, const RequestState& state) {
    const ngx_uint_t status = r->headers_out.status;
    const bool judged = state.verdict != Verdict::none && state.verdict != Verdict::ok;
    const std::string_view type = judged ? name(state.verdict) : std::string_view{};
    boost::json::object problem;
    problem["type"] = type.empty() ? "about:blank" : "urn:thumbgate:problem:" + std::string(type);
    problem["title"] = title_of(status);
    problem["status"] = status;
    const std::string_view detail = state.problem_detail.empty() ? default_detail(status) : state.problem_detail;
    if (!detail.empty()) problem["detail"] = detail;
    problem["request_id"] = request_id(r);
    return boost::json::serialize(problem) + "\n";
}

}  // namespace

void replace_error_page_headers(ngx_http_request_t* r) {
    if (!is_error_page(r)) return;
    // The page that nginx has written for a request which the breaker rejected is about another status.
    const RequestState* known = existing_request_state(r);
    const bool is_wrong_page = known != nullptr && known->breaker_retry_after_ms.has_value();
    if (location_conf(r)->problem.enabled != 1 && !is_wrong_page) return;
    RequestState* state = request_state(r);
    if (state == nullptr) return;
    state->problem_body = problem_json(r, *state);
    r->headers_out.content_type = {kMediaType.size(), reinterpret_cast<u_char*>(const_cast<char*>(kMediaType.data()))};
    r->headers_out.content_type_len = kMediaType.size();
    r->headers_out.content_type_lowcase = nullptr;
    r->headers_out.charset.len = 0;
    ngx_http_clear_content_length(r);
    r->headers_out.content_length_n = static_cast<off_t>(state->problem_body.size());
}

ngx_chain_t* replace_error_page_body(ngx_http_request_t* r, ngx_chain_t* in) {
    RequestState* state = r == r->main ? existing_request_state(r) : nullptr;
    if (state == nullptr || state->problem_body.empty()) return in;
    for (ngx_chain_t* link = in; link != nullptr; link = link->next) link->buf->pos = link->buf->last;
    if (state->problem_body_sent) return in;
    auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool));
    ngx_chain_t* chain = ngx_alloc_chain_link(r->pool);
    if (buffer == nullptr || chain == nullptr) return nullptr;
    state->problem_body_sent = true;
    buffer->pos = reinterpret_cast<u_char*>(state->problem_body.data());
    buffer->last = buffer->pos + state->problem_body.size();
    buffer->memory = 1;
    buffer->last_buf = 1;
    buffer->last_in_chain = 1;
    chain->buf = buffer;
    chain->next = nullptr;
    return chain;
}

std::span<const ngx_command_t> problem_directives() {
    static const std::array<ngx_command_t, 1> directives{{
        {ngx_string("thumb_problem"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_FLAG,
         ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, problem.enabled), nullptr},
    }};
    return directives;
}

void init_problem(ProblemConf& conf) {
    conf.enabled = NGX_CONF_UNSET;
}

void merge_problem(const ProblemConf& outer, ProblemConf& inner, bool is_thumbnail_location) {
    if (inner.enabled == NGX_CONF_UNSET) inner.enabled = is_thumbnail_location || outer.enabled == 1 ? 1 : 0;
}

}  // namespace thumbgate::edge
