// thumb_coalesce and thumb_coalesce_timeout, and the shared memory with its descriptors: made once by the master, and
// taken over by a reload.
#include <sys/eventfd.h>

#include <array>

#include "nginx-module/coalesce/coalesce.hpp"
#include "nginx-module/coalesce/waiting_room.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::size_t kZoneBytes = 640 * 1024;

bool make_zone(ngx_slab_pool_t* pool) {
    auto* zone = static_cast<FlightZone*>(ngx_slab_calloc(pool, sizeof(FlightZone)));
    auto* memory = static_cast<std::uint8_t*>(ngx_slab_alloc(pool, Flights::memory_size()));
    if (zone == nullptr || memory == nullptr) return false;
    zone->flights = {memory, Flights::memory_size()};
    for (int& descriptor : zone->descriptors) {
        descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (descriptor < 0) return false;
    }
    Flights::format(zone->flights);
    pool->data = zone;
    return true;
}

FlightZone& zone_of(const CoalesceMainConf& conf) {
    return *static_cast<FlightZone*>(reinterpret_cast<ngx_slab_pool_t*>(conf.zone->shm.addr)->data);
}

ngx_int_t init_zone(ngx_shm_zone_t* shm, void*) noexcept {
    auto* pool = reinterpret_cast<ngx_slab_pool_t*>(shm->shm.addr);
    if (pool->data == nullptr && !make_zone(pool)) {
        ngx_log_error(NGX_LOG_EMERG, shm->shm.log, ngx_errno, "no memory or descriptors for thumb_coalesce");
        return NGX_ERROR;
    }
    if (Flights::is_formatted(static_cast<FlightZone*>(pool->data)->flights)) return NGX_OK;
    ngx_log_error(NGX_LOG_EMERG, shm->shm.log, 0,
                  "zone \"%V\" has the layout of another version of the module; restart nginx to make it anew",
                  &shm->shm.name);
    return NGX_ERROR;
}

char* refuse_zero(ngx_conf_t*, void*, void* value) noexcept {
    return *static_cast<ngx_msec_t*>(value) > 0 ? NGX_CONF_OK : const_cast<char*>("must be more than 0");
}

ngx_conf_post_t positive{refuse_zero};

}  // namespace

std::span<const ngx_command_t> coalesce_directives() {
    static const std::array<ngx_command_t, 2> directives{{
        {ngx_string("thumb_coalesce"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_FLAG,
         ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, coalesce.enabled), nullptr},
        {ngx_string("thumb_coalesce_timeout"),
         NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, ngx_conf_set_msec_slot,
         NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, coalesce.timeout), &positive},
    }};
    return directives;
}

void init_coalesce(CoalesceConf& conf) {
    conf.enabled = NGX_CONF_UNSET;
    conf.timeout = NGX_CONF_UNSET_MSEC;
}

void merge_coalesce(const CoalesceConf& outer, CoalesceConf& inner) {
    ngx_conf_merge_value(inner.enabled, outer.enabled, 0);
    ngx_conf_merge_msec_value(inner.timeout, outer.timeout, kDefaultFlightTimeoutMs);
}

bool add_coalesce_zone(ngx_conf_t* cf, CoalesceMainConf& conf) {
    ngx_str_t zone_name = ngx_string("thumb_coalesce");
    conf.zone = ngx_shared_memory_add(cf, &zone_name, kZoneBytes, &ngx_http_thumb_module);
    if (conf.zone == nullptr) return false;
    conf.zone->init = init_zone;
    return true;
}

void attach_coalesce(const ngx_cycle_t* cycle, CoalesceMainConf& conf) {
    // nginx's cache manager and loader are started as workers are, and answer nobody.
    if (ngx_process == NGX_PROCESS_HELPER) return;
    conf.room = new WaitingRoom(zone_of(conf), cycle);
    if (conf.room->open(cycle)) return;
    detach_coalesce(conf);
    ngx_log_error(NGX_LOG_WARN, cycle->log, 0, "no place for this worker to coalesce: its requests ask for themselves");
}

void detach_coalesce(CoalesceMainConf& conf) {
    delete std::exchange(conf.room, nullptr);
}

}  // namespace thumbgate::edge
