// The variables of a link. Outside a thumbnail location they are empty, but for $thumb_backend_uri, which is then the
// request's own URI, so that one proxy_pass line serves every location.
#include <array>

#include "nginx-module/link/link.hpp"
#include "nginx-module/variables.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::string_view kBackendPrefix = "/thumb/";

std::optional<std::string> cache_key_text(ngx_http_request_t* r) {
    const std::string* key = cache_key(r);
    return key != nullptr ? std::optional(*key) : std::nullopt;
}

// Requests for one photo go to one backend: hash $thumb_photo consistent.
std::optional<std::string> photo(ngx_http_request_t* r) {
    const ParsedLink* link = parsed_link(r);
    if (link == nullptr) return std::nullopt;
    return std::string(source_name(link->link.source));
}

std::optional<std::string> format(ngx_http_request_t* r) {
    const ParsedLink* link = parsed_link(r);
    return link != nullptr ? std::optional(format_token(link->conversion)) : std::nullopt;
}

std::optional<std::string> verdict(ngx_http_request_t* r) {
    const RequestState* state = existing_request_state(r);
    return std::string(name(state != nullptr ? state->verdict : Verdict::none));
}

std::optional<std::string> uri_redacted(ngx_http_request_t* r) {
    return redacted_uri(r);
}

}  // namespace

std::optional<std::string> backend_uri(ngx_http_request_t* r) {
    if (!location_conf(r)->link.is_thumbnail_location()) return std::string(view(r->main->unparsed_uri));
    const ParsedLink* link = parsed_link(r);
    return link != nullptr ? std::optional(std::string(kBackendPrefix) + link->canonical) : std::nullopt;
}

std::span<const ngx_http_variable_t> link_variables() {
    static const std::array<ngx_http_variable_t, 6> variables{{
        thumb_variable<cache_key_text>("thumb_cache_key"),
        thumb_variable<backend_uri>("thumb_backend_uri"),
        thumb_variable<photo>("thumb_photo"),
        thumb_variable<format>("thumb_format"),
        thumb_variable<verdict>("thumb_verdict"),
        thumb_variable<uri_redacted>("thumb_uri_redacted"),
    }};
    return variables;
}

}  // namespace thumbgate::edge
