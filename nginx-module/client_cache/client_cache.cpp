// Sets the caching fields of a thumbnail's response. A refusal is never kept.
#include "nginx-module/client_cache/client_cache.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "contract/cache_policy.hpp"
#include "contract/encoding.hpp"
#include "nginx-module/link/link.hpp"
#include "nginx-module/support.hpp"
#include "nginx-module/variables.hpp"

namespace thumbgate::edge {
namespace {

constexpr time_t kDefaultMaxAge = 30L * 24 * 60 * 60;

// By NGX_HTTP_CACHE_…, as RFC 9211 §2 says it.
constexpr std::array<std::string_view, kHot + 1> kCacheStatus{
    "",
    "thumbgate; fwd=uri-miss",
    "thumbgate; fwd=bypass",
    "thumbgate; fwd=stale",
    "thumbgate; hit; detail=stale",
    "thumbgate; hit; detail=updating",
    "thumbgate; fwd=stale; fwd-status=304",
    "thumbgate; hit",
    "thumbgate; fwd=uri-miss; detail=scarce",
    "thumbgate; hit; detail=hot",
};

bool equals_ignoring_case(const ngx_str_t& key, std::string_view name) {
    return key.len == name.size() &&
           ngx_strncasecmp(key.data, reinterpret_cast<u_char*>(const_cast<char*>(name.data())), name.size()) == 0;
}

// What the backend said to the edge's own caches is not for the client.
void remove_response_headers(ngx_http_request_t* r, std::span<const std::string_view> names) {
    for (ngx_list_part_t* part = &r->headers_out.headers.part; part != nullptr; part = part->next) {
        for (ngx_table_elt_t& header : std::span(static_cast<ngx_table_elt_t*>(part->elts), part->nelts)) {
            if (std::ranges::any_of(names, [&](auto name) { return equals_ignoring_case(header.key, name); })) {
                header.hash = 0;
            }
        }
    }
}

// Of a picture that stands in for a better one, also where it comes from the disk cache, stale or not. What cannot be
// read is an interim all the same.
std::optional<std::uint64_t> interim_seconds(ngx_http_request_t* r) {
    const ngx_table_elt_t* mark = find_header(r->headers_out.headers, kInterimHeader);
    if (mark == nullptr) return std::nullopt;
    return parse_decimal(view(mark->value), kMaxInterim).value_or(0);
}

bool was_negotiated(ngx_http_request_t* r, const ParsedLink& link) {
    return link.conversion.is_negotiated() && !location_conf(r)->link.formats.empty();
}

// A shared cache must not give one origin's answer to another, nor that of a request without one.
void add_vary(ngx_http_request_t* r, bool negotiated) {
    const bool by_origin = location_conf(r)->cdn_headers.varies_by_origin();
    if (!negotiated && !by_origin) return;
    add_response_header(r, "Vary", negotiated && by_origin ? "Accept, Origin" : negotiated ? "Accept" : "Origin");
}

void add_cache_status(ngx_http_request_t* r) {
    const unsigned status = cache_status(r);
    if (status == 0 || status >= kCacheStatus.size()) return;
    add_response_header(r, "X-Cache", cache_status_name(status));
    add_response_header(r, "Cache-Status", kCacheStatus[status]);
}

std::optional<std::string> status_text(ngx_http_request_t* r) {
    return std::string(cache_status_name(cache_status(r)));
}

}  // namespace

unsigned cache_status(ngx_http_request_t* r) {
    if (const RequestState* state = existing_request_state(r); state != nullptr && state->served_hot) return kHot;
    return r->upstream != nullptr ? r->upstream->cache_status : 0;
}

std::string_view cache_status_name(unsigned status) {
    if (status == 0) return {};
    return status == kHot ? "HOT" : view(ngx_http_cache_status[status - 1]);
}

std::span<const ngx_http_variable_t> client_cache_variables() {
    static const std::array<ngx_http_variable_t, 1> variables{thumb_variable<status_text>("thumb_cache_status")};
    return variables;
}

void set_client_cache_headers(ngx_http_request_t* r) {
    const LocationConf& conf = *location_conf(r);
    if (!conf.link.is_thumbnail_location()) return;
    const std::optional<std::uint64_t> interim = interim_seconds(r);
    constexpr std::array<std::string_view, 3> replaced{"Cache-Control", "Expires", kInterimHeader};
    remove_response_headers(r, replaced);
    const ParsedLink* link = parsed_link(r);
    if (link == nullptr || r->headers_out.status >= NGX_HTTP_BAD_REQUEST) {
        add_response_header(r, "Cache-Control", "no-store");
        add_vary(r, false);
    } else {
        add_response_header(r, "Cache-Control",
                            cache_control(link->link.options, unix_now(),
                                          static_cast<std::uint64_t>(conf.client_cache.max_age), interim));
        add_vary(r, was_negotiated(r, *link));
    }
    add_cache_status(r);
}

std::span<const ngx_command_t> client_cache_directives() {
    static const std::array<ngx_command_t, 1> directives{{
        {ngx_string("thumb_max_age"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1,
         ngx_conf_set_sec_slot, NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, client_cache.max_age), nullptr},
    }};
    return directives;
}

void init_client_cache(ClientCacheConf& conf) {
    conf.max_age = NGX_CONF_UNSET;
}

void merge_client_cache(const ClientCacheConf& outer, ClientCacheConf& inner) {
    ngx_conf_merge_value(inner.max_age, outer.max_age, kDefaultMaxAge);
}

}  // namespace thumbgate::edge
