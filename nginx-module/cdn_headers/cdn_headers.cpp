// Sets the fields, and answers preflights. A preflight is judged like any request before: it has the link's signature.
#include "nginx-module/cdn_headers/cdn_headers.hpp"

#include <algorithm>
#include <string>

#include "contract/hmac.hpp"
#include "nginx-module/client_cache/client_cache.hpp"
#include "nginx-module/link/link.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::size_t kLongestTag = 128;  // bytes; Akamai's limit, the lowest of the CDNs'
constexpr std::size_t kSourceDigits = 32;

// What every CDN takes in a tag: Akamai a token, CloudFront and Cloudflare no comma, Fastly no blank.
bool is_tag_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
}

std::string hex_digest(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const std::uint8_t byte : sha256(text)) {
        hex += digits[byte >> 4U];
        hex += digits[byte & 15U];
    }
    return hex.substr(0, kSourceDigits);
}

// A source that is no photo of ours has a path or URL for a name, which not every CDN takes.
std::string tag_of(const ParsedLink& link) {
    const std::string_view id = photo_id(link.link.source);
    const bool is_plain = !id.empty() && id.size() < kLongestTag - 6 && std::ranges::all_of(id, is_tag_character);
    return is_plain ? "photo-" + std::string(id) : "source-" + hex_digest(link.link.source);
}

void add_cache_tags(ngx_http_request_t* r, const CdnHeadersConf& conf) {
    if (conf.tag_headers == nullptr || conf.tag_headers->nelts == 0) return;
    const ParsedLink* link = r->headers_out.status < NGX_HTTP_BAD_REQUEST ? parsed_link(r) : nullptr;
    if (link == nullptr) return;
    const std::string tag = tag_of(*link);
    for (const ngx_str_t& name : std::span(static_cast<ngx_str_t*>(conf.tag_headers->elts), conf.tag_headers->nelts))
        add_response_header(r, view(name), tag);
}

// The value of Access-Control-Allow-Origin; empty: none.
std::string_view allowed_origin(ngx_http_request_t* r, const CdnHeadersConf& conf) {
    if (!conf.has_cors()) return {};
    if (conf.any_origin()) return "*";
    const std::string_view origin = request_header(r, "origin");
    const std::span allowed(static_cast<ngx_str_t*>(conf.origins->elts), conf.origins->nelts);
    return std::ranges::any_of(allowed, [&](const ngx_str_t& one) { return view(one) == origin; }) ? origin
                                                                                                   : std::string_view{};
}

bool is_preflight(ngx_http_request_t* r) {
    return r->method == NGX_HTTP_OPTIONS && !request_header(r, "origin").empty() &&
           !request_header(r, "access-control-request-method").empty();
}

void add_cors(ngx_http_request_t* r, const CdnHeadersConf& conf) {
    const std::string_view origin = allowed_origin(r, conf);
    if (origin.empty()) return;
    add_response_header(r, "Access-Control-Allow-Origin", origin);
    // For pages that embed only what says that it may be embedded; there is no such field for a list of origins.
    if (conf.any_origin()) add_response_header(r, "Cross-Origin-Resource-Policy", "cross-origin");
    if (!is_preflight(r)) return;
    add_response_header(r, "Access-Control-Allow-Methods", "GET, HEAD");
    add_response_header(r, "Access-Control-Allow-Headers", "*");
    add_response_header(r, "Access-Control-Max-Age", "86400");
}

void add_server_timing(ngx_http_request_t* r, const CdnHeadersConf& conf) {
    if (conf.server_timing != 1) return;
    std::string timing;
    if (const unsigned status = cache_status(r); status != 0)
        timing = "cache;desc=" + std::string(cache_status_name(status)) + ", ";
    const ngx_time_t* now = ngx_timeofday();
    const auto elapsed = (now->sec - r->start_sec) * 1000 + static_cast<ngx_msec_int_t>(now->msec - r->start_msec);
    timing += "edge;dur=" + std::to_string(std::max<ngx_msec_int_t>(elapsed, 0));
    const ngx_http_upstream_state_t* state = r->upstream != nullptr ? r->upstream->state : nullptr;
    if (state != nullptr && state->header_time != static_cast<ngx_msec_t>(-1))
        timing += ", backend;dur=" + std::to_string(state->header_time);
    add_response_header(r, "Server-Timing", timing);
    // Browsers show another origin's timing only where it says so.
    const std::string_view origin = allowed_origin(r, conf);
    if (!origin.empty()) add_response_header(r, "Timing-Allow-Origin", origin);
}

}  // namespace

ngx_int_t answer_preflight(ngx_http_request_t* r) noexcept {
    const LocationConf& conf = *location_conf(r);
    const bool applies =
        r == r->main && conf.link.is_thumbnail_location() && conf.cdn_headers.has_cors() && is_preflight(r);
    return applies ? NGX_HTTP_NO_CONTENT : NGX_DECLINED;
}

void set_cdn_headers(ngx_http_request_t* r) {
    const LocationConf& conf = *location_conf(r);
    if (!conf.link.is_thumbnail_location()) return;
    if (!has_header(r->headers_out.headers, "x-content-type-options"))
        add_response_header(r, "X-Content-Type-Options", "nosniff");
    add_cache_tags(r, conf.cdn_headers);
    add_cors(r, conf.cdn_headers);
    add_server_timing(r, conf.cdn_headers);
}

}  // namespace thumbgate::edge
