// thumb_hot_zone and thumb_hot: read while nginx reads its configuration, and the zones' shared memory laid out, or
// taken over from before a reload.
#include <array>
#include <string>

#include "nginx-module/hot_cache/hot_cache.hpp"
#include "nginx-module/shared_block.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::size_t kDefaultMaxObject = 32 * 1024;
constexpr std::size_t kOverhead = 512 * 1024;  // what the slab allocator and the pins of 64 workers take

char* const kConfError = static_cast<char*>(NGX_CONF_ERROR);

ngx_int_t init_zone(ngx_shm_zone_t* shm, void*) noexcept try {
    auto* zone = static_cast<HotZone*>(shm->data);
    const SharedBlock block = shared_block(shm);
    if (block.memory.size() < kMinHotMemory) return NGX_ERROR;
    if (block.is_new) HotStore::format(block.memory);
    zone->memory = block.memory;
    if (HotStore::is_formatted(zone->memory)) return NGX_OK;
    ngx_log_error(NGX_LOG_EMERG, shm->shm.log, 0,
                  "hot zone \"%V\" has the layout of another version of the module; restart nginx to make it anew",
                  &shm->shm.name);
    return NGX_ERROR;
} catch (...) {
    return NGX_ERROR;
}

char* read_max_object(ngx_conf_t* cf, ngx_str_t argument, HotZone& zone) {
    constexpr std::string_view prefix = "max_object=";
    if (!view(argument).starts_with(prefix)) {
        return refuse_directive(cf, "thumb_hot_zone does not take \"" + std::string(view(argument)) + "\"");
    }
    ngx_str_t text{argument.len - prefix.size(), argument.data + prefix.size()};
    const ssize_t size = ngx_parse_size(&text);
    if (size < 1 || static_cast<std::size_t>(size) > kMaxHotObject) {
        return refuse_directive(cf, "max_object takes 1 to 64k, not \"" + std::string(view(text)) + "\"");
    }
    zone.max_object = static_cast<std::size_t>(size);
    return NGX_CONF_OK;
}

// "NAME:SIZE"
char* read_zone(ngx_conf_t* cf, ngx_str_t argument, ngx_str_t& name, ssize_t& size) {
    const std::size_t colon = view(argument).find(':');
    if (colon != std::string_view::npos && colon > 0) {
        name = {colon, argument.data};
        ngx_str_t text{argument.len - colon - 1, argument.data + colon + 1};
        size = ngx_parse_size(&text);
        if (size >= static_cast<ssize_t>(kMinHotMemory + kOverhead)) return NGX_CONF_OK;
    }
    return refuse_directive(
        cf, "thumb_hot_zone takes NAME:SIZE with a size of at least 2m, not \"" + std::string(view(argument)) + "\"");
}

char* add_zone(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    HotMainConf& main = static_cast<MainConf*>(conf)->hot_cache;
    const ngx_str_t* arguments = directive_arguments(cf);
    ngx_str_t name{};
    ssize_t size = 0;
    if (char* error = read_zone(cf, arguments[1], name, size); error != NGX_CONF_OK) return error;
    auto* zone = static_cast<HotZone*>(ngx_pcalloc(cf->pool, sizeof(HotZone)));
    if (main.zones == nullptr) main.zones = ngx_array_create(cf->pool, 2, sizeof(HotZone*));
    if (zone == nullptr || main.zones == nullptr) return kConfError;
    zone->max_object = kDefaultMaxObject;
    if (cf->args->nelts == 3) {
        if (char* error = read_max_object(cf, arguments[2], *zone); error != NGX_CONF_OK) return error;
    }
    zone->shm = ngx_shared_memory_add(cf, &name, static_cast<std::size_t>(size), &ngx_http_thumb_module);
    auto** entry = static_cast<HotZone**>(ngx_array_push(main.zones));
    if (zone->shm == nullptr || entry == nullptr) return kConfError;
    if (zone->shm->data != nullptr) {
        return refuse_directive(cf, "zone \"" + std::string(view(name)) + "\" is defined twice");
    }
    zone->shm->init = init_zone;
    zone->shm->data = zone;
    *entry = zone;
    return NGX_CONF_OK;
} catch (...) {
    return kConfError;
}

char* use_zone(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    HotConf& own = static_cast<LocationConf*>(conf)->hot_cache;
    if (own.set != NGX_CONF_UNSET) return const_cast<char*>("is duplicate");
    own.set = 1;
    const std::string_view name = view(directive_arguments(cf)[1]);
    if (name == "off") return NGX_CONF_OK;
    if (const ngx_array_t* zones = main_conf(cf)->hot_cache.zones; zones != nullptr) {
        for (HotZone* zone : std::span(static_cast<HotZone**>(zones->elts), zones->nelts)) {
            if (view(zone->shm->shm.name) == name) own.zone = zone;
        }
    }
    if (own.zone != nullptr) return NGX_CONF_OK;
    return refuse_directive(cf, "no thumb_hot_zone \"" + std::string(name) + "\" is defined above");
} catch (...) {
    return kConfError;
}

}  // namespace

std::span<const ngx_command_t> hot_cache_directives() {
    static const std::array<ngx_command_t, 2> directives{{
        {ngx_string("thumb_hot_zone"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE12, add_zone, NGX_HTTP_MAIN_CONF_OFFSET, 0,
         nullptr},
        {ngx_string("thumb_hot"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, use_zone,
         NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    }};
    return directives;
}

void init_hot_cache(HotConf& conf) {
    conf.set = NGX_CONF_UNSET;
}

void merge_hot_cache(const HotConf& outer, HotConf& inner) {
    if (inner.set == NGX_CONF_UNSET) inner = outer;
}

void attach_hot_cache(const ngx_cycle_t* cycle, const HotMainConf& conf) {
    // nginx's cache manager and loader are started as workers are, and look nothing up.
    if (conf.zones == nullptr || ngx_process == NGX_PROCESS_HELPER) return;
    for (HotZone* zone : std::span(static_cast<HotZone**>(conf.zones->elts), conf.zones->nelts)) {
        zone->store = new HotStore(zone->memory);
        if (zone->store->attach()) continue;
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0, "hot zone \"%V\" has no place for this worker: it answers from disk",
                      &zone->shm->shm.name);
    }
}

void detach_hot_cache(const HotMainConf& conf) {
    if (conf.zones == nullptr) return;
    for (HotZone* zone : std::span(static_cast<HotZone**>(conf.zones->elts), conf.zones->nelts)) {
        delete std::exchange(zone->store, nullptr);
    }
}

}  // namespace thumbgate::edge
