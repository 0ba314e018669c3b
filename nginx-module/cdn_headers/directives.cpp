// thumb_cache_tag, thumb_cors and thumb_server_timing, read while nginx reads its configuration. Whatever is wrong is
// said at [emerg] with its value.
#include <algorithm>
#include <array>
#include <string>

#include "nginx-module/cdn_headers/cdn_headers.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

char* const kConfError = static_cast<char*>(NGX_CONF_ERROR);

// Cloudflare and CloudFront; Akamai; Fastly.
constexpr std::array<std::string_view, 3> kTagHeaders{"Cache-Tag", "Edge-Cache-Tag", "Surrogate-Key"};

// As browsers write it: scheme://host, and a port where it is not the scheme's own.
bool is_origin(std::string_view text) {
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos || scheme == 0) return false;
    const std::string_view host = text.substr(scheme + 3);
    return !host.empty() && host.find_first_of("/?#*, \t\"\\") == std::string_view::npos &&
           std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

// The directive's arguments, each accepted by `accepts`; or "off", which is an empty list.
template <typename Accepts>
char* read_list(ngx_conf_t* cf, ngx_array_t*& list, const std::string& takes, Accepts accepts) {
    if (list != nullptr) return const_cast<char*>("is duplicate");
    list = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
    if (list == nullptr) return kConfError;
    const std::span arguments(directive_arguments(cf) + 1, cf->args->nelts - 1);
    if (arguments.size() == 1 && view(arguments[0]) == "off") return NGX_CONF_OK;
    for (const ngx_str_t& argument : arguments) {
        if (!accepts(view(argument)))
            return refuse_directive(cf, takes + ", not \"" + std::string(view(argument)) + "\"");
        auto* entry = static_cast<ngx_str_t*>(ngx_array_push(list));
        if (entry == nullptr) return kConfError;
        *entry = argument;
    }
    return NGX_CONF_OK;
}

char* set_cache_tag(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    return read_list(cf, static_cast<LocationConf*>(conf)->cdn_headers.tag_headers,
                     "thumb_cache_tag takes Cache-Tag, Edge-Cache-Tag, Surrogate-Key or off",
                     [](std::string_view name) { return std::ranges::count(kTagHeaders, name) == 1; });
} catch (...) {
    return kConfError;
}

char* set_cors(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    const bool is_alone = cf->args->nelts == 2;
    return read_list(cf, static_cast<LocationConf*>(conf)->cdn_headers.origins,
                     "thumb_cors takes origins such as https://example.com, or * alone, or off",
                     [&](std::string_view text) { return is_origin(text) || (text == "*" && is_alone); });
} catch (...) {
    return kConfError;
}

}  // namespace

std::span<const ngx_command_t> cdn_headers_directives() {
    static const std::array<ngx_command_t, 3> directives{{
        {ngx_string("thumb_cache_tag"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_1MORE,
         set_cache_tag, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
        {ngx_string("thumb_cors"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_1MORE,
         set_cors, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
        {ngx_string("thumb_server_timing"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_FLAG,
         ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, cdn_headers.server_timing), nullptr},
    }};
    return directives;
}

void init_cdn_headers(CdnHeadersConf& conf) {
    conf.server_timing = NGX_CONF_UNSET;
}

void merge_cdn_headers(const CdnHeadersConf& outer, CdnHeadersConf& inner) {
    if (inner.tag_headers == nullptr) inner.tag_headers = outer.tag_headers;
    if (inner.origins == nullptr) inner.origins = outer.origins;
    ngx_conf_merge_value(inner.server_timing, outer.server_timing, kDefaultServerTiming);
}

}  // namespace thumbgate::edge
