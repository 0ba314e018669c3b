// thumb_keys, thumb_signature, thumb_preset and the others of a link: read and merged while nginx reads its
// configuration. Whatever is wrong is said at [emerg] with its value; on a reload the running configuration then stays.
#include <algorithm>
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

// What follows the directive's name.
std::span<const ngx_str_t> values_of(ngx_conf_t* cf) {
    return std::span(directive_arguments(cf), cf->args->nelts).subspan(1);
}

// Collects a directive's values in a T, by its add(); `none` stands alone and leaves it empty.
template <typename T>
char* set_collection(ngx_conf_t* cf, T*& collection, std::string_view none) {
    if (collection != nullptr) return const_cast<char*>("is duplicate");
    collection = make_in_pool<T>(cf->pool);
    if (collection == nullptr) return static_cast<char*>(NGX_CONF_ERROR);
    const auto values = values_of(cf);
    if (values.size() == 1 && view(values.front()) == none) return NGX_CONF_OK;
    for (const ngx_str_t& value : values) {
        if (const auto added = collection->add(view(value)); !added) {
            return refuse_directive(cf, std::string(view(directive_arguments(cf)[0])) + ": " + added.error().detail);
        }
    }
    return NGX_CONF_OK;
}

char* set_sizes(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    return set_collection(cf, link_conf(conf).sizes, "off");
} catch (...) {
    return static_cast<char*>(NGX_CONF_ERROR);
}

char* set_sources(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    return set_collection(cf, link_conf(conf).sources, "any");
} catch (...) {
    return static_cast<char*>(NGX_CONF_ERROR);
}

char* set_formats(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    LinkConf& link = link_conf(conf);
    if (link.formats_set != NGX_CONF_UNSET) return const_cast<char*>("is duplicate");
    link.formats_set = 1;
    const auto values = values_of(cf);
    if (values.size() == 1 && view(values.front()) == "off") return NGX_CONF_OK;
    for (const ngx_str_t& value : values) {
        const auto format = format_from_name(view(value));
        if (format != Format::avif && format != Format::webp) {
            return refuse_directive(cf,
                                    "thumb_formats takes avif, webp or off, not \"" + std::string(view(value)) + "\"");
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
    static ngx_conf_num_bounds_t signature_sizes{ngx_conf_check_num_bounds, kMinSignatureSize, kMaxSignatureSize};
    static const std::array<ngx_command_t, 8> directives{{
        {ngx_string("thumb_keys"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1,
         set_keys, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
        {ngx_string("thumb_signature"), NGX_HTTP_LOC_CONF | NGX_CONF_FLAG, set_signature, NGX_HTTP_LOC_CONF_OFFSET,
         offsetof(LocationConf, link.signature), nullptr},
        {ngx_string("thumb_signature_size"),
         NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, ngx_conf_set_num_slot,
         NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, link.signature_size), &signature_sizes},
        {ngx_string("thumb_sizes"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_1MORE,
         set_sizes, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
        {ngx_string("thumb_presets_only"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_FLAG,
         ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, link.presets_only), nullptr},
        {ngx_string("thumb_sources"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_1MORE,
         set_sources, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
        {ngx_string("thumb_formats"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_1MORE,
         set_formats, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
        {ngx_string("thumb_preset"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE2,
         add_preset, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    }};
    return directives;
}

void init_link(LinkConf& conf) {
    conf.signature = NGX_CONF_UNSET;
    conf.signature_size = NGX_CONF_UNSET;
    conf.presets_only = NGX_CONF_UNSET;
    conf.formats_set = NGX_CONF_UNSET;
}

char* merge_link(ngx_conf_t* cf, const LinkConf& outer, LinkConf& inner) {
    // A location nested in a thumbnail location is one as well: nesting must not open it.
    if (inner.signature == NGX_CONF_UNSET) {
        inner.signature = outer.signature;
        inner.prefix = outer.prefix;
    }
    if (inner.keys == nullptr) inner.keys = outer.keys;
    ngx_conf_merge_value(inner.signature_size, outer.signature_size, kMaxSignatureSize);
    if (inner.sizes == nullptr) inner.sizes = outer.sizes;
    if (inner.presets == nullptr) inner.presets = outer.presets;
    ngx_conf_merge_value(inner.presets_only, outer.presets_only, 0);
    if (inner.sources == nullptr) inner.sources = outer.sources;
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
