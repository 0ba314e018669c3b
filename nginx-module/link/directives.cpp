// thumb_keys, thumb_signature, thumb_formats, thumb_preset: read and merged while nginx reads its configuration.
// Whatever is wrong is said at [emerg] with its value; on a reload the running configuration then stays.
#include <array>

#include "nginx-module/link/link.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

LinkConf& link_conf(void* conf) {
    return static_cast<LocationConf*>(conf)->link;
}

char* set_keys(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    LinkConf& link = link_conf(conf);
    if (link.keys != nullptr) return const_cast<char*>("is duplicate");
    ngx_str_t path = directive_arguments(cf)[1];
    if (!full_path(cf, path)) return static_cast<char*>(NGX_CONF_ERROR);
    auto ring = KeyRing::read_file(std::string(view(path)));
    if (!ring) return refuse_directive(cf, "thumb_keys: " + ring.error());
    link.keys = make_in_pool<KeyRing>(cf->pool, std::move(*ring));
    return link.keys == nullptr ? static_cast<char*>(NGX_CONF_ERROR) : NGX_CONF_OK;
} catch (...) {
    return static_cast<char*>(NGX_CONF_ERROR);
}

char* set_signature(ngx_conf_t* cf, ngx_command_t* command, void* conf) noexcept {
    if (char* error = ngx_conf_set_flag_slot(cf, command, conf); error != NGX_CONF_OK) return error;
    const auto* core =
        static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    bool is_prefix = core->noname == 0 && core->named == 0 && core->exact_match == 0;
#if (NGX_PCRE)
    is_prefix = is_prefix && core->regex == nullptr;
#endif
    if (!is_prefix || !view(core->name).ends_with('/')) {
        return refuse_directive(cf, "thumb_signature needs a prefix location that ends in \"/\", such as \"/t/\"");
    }
    link_conf(conf).prefix = core->name;
    return NGX_CONF_OK;
}

char* set_formats(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    LinkConf& link = link_conf(conf);
    if (link.formats_set != NGX_CONF_UNSET) return const_cast<char*>("is duplicate");
    link.formats_set = 1;
    const ngx_str_t* arguments = directive_arguments(cf);
    if (cf->args->nelts == 2 && view(arguments[1]) == "off") return NGX_CONF_OK;
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        const auto format = format_from_name(view(arguments[i]));
        if (format != Format::avif && format != Format::webp) {
            return refuse_directive(
                cf, "thumb_formats takes avif, webp or off, not \"" + std::string(view(arguments[i])) + "\"");
        }
        link.formats = link.formats.with(*format);
    }
    return NGX_CONF_OK;
} catch (...) {
    return static_cast<char*>(NGX_CONF_ERROR);
}

char* add_preset(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    LinkConf& link = link_conf(conf);
    if (link.presets == nullptr) link.presets = make_in_pool<Presets>(cf->pool);
    if (link.presets == nullptr) return static_cast<char*>(NGX_CONF_ERROR);
    const ngx_str_t* arguments = directive_arguments(cf);
    const auto defined = link.presets->define(view(arguments[1]), view(arguments[2]));
    if (defined) return NGX_CONF_OK;
    return refuse_directive(cf, "thumb_preset \"" + std::string(view(arguments[1])) + "\": " + defined.error().detail);
} catch (...) {
    return static_cast<char*>(NGX_CONF_ERROR);
}

}  // namespace

std::span<const ngx_command_t> link_directives() {
    static const std::array<ngx_command_t, 4> directives{{
        {ngx_string("thumb_keys"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1,
         set_keys, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
        {ngx_string("thumb_signature"), NGX_HTTP_LOC_CONF | NGX_CONF_FLAG, set_signature, NGX_HTTP_LOC_CONF_OFFSET,
         offsetof(LocationConf, link.signature), nullptr},
        {ngx_string("thumb_formats"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_1MORE,
         set_formats, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
        {ngx_string("thumb_preset"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE2,
         add_preset, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    }};
    return directives;
}

void init_link(LinkConf& conf) {
    conf.signature = NGX_CONF_UNSET;
    conf.formats_set = NGX_CONF_UNSET;
}

char* merge_link(ngx_conf_t* cf, const LinkConf& outer, LinkConf& inner) {
    // A location nested in a thumbnail location is one as well: nesting must not open it.
    if (inner.signature == NGX_CONF_UNSET) {
        inner.signature = outer.signature;
        inner.prefix = outer.prefix;
    }
    if (inner.keys == nullptr) inner.keys = outer.keys;
    if (inner.presets == nullptr) inner.presets = outer.presets;
    if (inner.formats_set == NGX_CONF_UNSET) {
        inner.formats = outer.formats;
        inner.formats_set = outer.formats_set;
    }
    if (inner.signature == 1 && inner.keys == nullptr) {
        return refuse_directive(cf, "thumb_signature is on in location \"" + std::string(view(inner.prefix)) +
                                        "\", but no thumb_keys names a key file");
    }
    return NGX_CONF_OK;
}

}  // namespace thumbgate::edge
