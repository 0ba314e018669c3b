// thumb_limit_zone and thumb_limit: read while nginx reads its configuration, and the zones' shared memory made or
// taken over from before a reload. Whatever is wrong is said at [emerg] with its value.
#include <array>
#include <optional>
#include <string>

#include "contract/encoding.hpp"
#include "nginx-module/rate_limit/rate_limit.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::uint32_t kLayout = 2;
constexpr std::uint64_t kMaxRate = 1'000'000;     // requests a second or minute
constexpr std::uint64_t kMaxBurst = 1'000'000;    // requests
constexpr std::uint64_t kSecond = 1'000'000'000;  // ns

char* const kConfError = static_cast<char*>(NGX_CONF_ERROR);

std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return std::nullopt;
    return text.substr(prefix.size());
}

// "100r/s", "30r/m" → ns between two requests.
std::optional<std::uint64_t> parse_interval(std::string_view text) {
    const bool per_second = text.ends_with("r/s");
    if (!per_second && !text.ends_with("r/m")) return std::nullopt;
    const auto count = parse_decimal(text.substr(0, text.size() - 3), kMaxRate);
    if (!count || *count == 0) return std::nullopt;
    return (per_second ? kSecond : 60 * kSecond) / *count;
}

std::size_t slots_that_fit(std::size_t bytes) {
    return (bytes - sizeof(LimitZoneHeader)) / sizeof(GcraSlot) / kSlotsInSet * kSlotsInSet;
}

bool take_over(ngx_shm_zone_t* shm, LimitZone& zone) {
    if (zone.header->layout == kLayout && zone.header->slot_size == sizeof(GcraSlot)) return true;
    ngx_log_error(NGX_LOG_EMERG, shm->shm.log, 0,
                  "limit zone \"%V\" has the layout of another version of the module; restart nginx to make it anew",
                  &shm->shm.name);
    return false;
}

bool make_anew(ngx_shm_zone_t* shm, LimitZone& zone) {
    auto* pool = reinterpret_cast<ngx_slab_pool_t*>(shm->shm.addr);
    // The slab allocator keeps some pages for itself and gives the largest run it has.
    const std::size_t bytes = static_cast<std::size_t>(pool->pfree) * ngx_pagesize;
    zone.header = static_cast<LimitZoneHeader*>(ngx_slab_calloc(pool, bytes));
    if (zone.header == nullptr) return false;
    zone.header->layout = kLayout;
    zone.header->slot_size = sizeof(GcraSlot);
    zone.header->slots = slots_that_fit(bytes);
    fill_random(zone.header->seed);
    pool->data = zone.header;
    pool->log_nomem = 0;
    return true;
}

// `data`: the zone of the configuration before, on a reload.
ngx_int_t init_zone(ngx_shm_zone_t* shm, void* data) noexcept try {
    auto* zone = static_cast<LimitZone*>(shm->data);
    auto* pool = reinterpret_cast<ngx_slab_pool_t*>(shm->shm.addr);
    zone->header = static_cast<LimitZoneHeader*>(pool->data);
    const bool kept = data != nullptr || shm->shm.exists != 0;
    if (kept ? !take_over(shm, *zone) : !make_anew(shm, *zone)) return NGX_ERROR;
    const std::string_view seed(reinterpret_cast<const char*>(zone->header->seed), sizeof(zone->header->seed));
    zone->fingerprint_key = make_in_pool<HmacKey>(zone->pool, seed);
    return zone->fingerprint_key != nullptr ? NGX_OK : NGX_ERROR;
} catch (...) {
    return NGX_ERROR;
}

struct ZoneArguments {
    ngx_str_t name{};
    ssize_t size = 0;
    std::uint64_t interval_ns = 0;
};

char* read_zone_argument(ngx_conf_t* cf, const ngx_str_t& argument, ZoneArguments& zone) {
    const std::string_view text = view(argument);
    if (const auto name_and_size = after(text, "zone=")) {
        const std::size_t colon = name_and_size->find(':');
        if (colon == std::string_view::npos)
            return refuse_directive(cf, "zone takes NAME:SIZE, not \"" + std::string(*name_and_size) + "\"");
        ngx_str_t size{name_and_size->size() - colon - 1, argument.data + 5 + colon + 1};
        zone.name = {colon, argument.data + 5};
        zone.size = ngx_parse_size(&size);
        if (zone.size >= static_cast<ssize_t>(8 * ngx_pagesize)) return NGX_CONF_OK;
        return refuse_directive(cf, "zone \"" + std::string(*name_and_size) + "\" needs a size of at least 32k");
    }
    if (const auto rate = after(text, "rate=")) {
        const auto interval = parse_interval(*rate);
        if (!interval)
            return refuse_directive(cf, "rate takes 1r/s to 1000000r/s, or r/m, not \"" + std::string(*rate) + "\"");
        zone.interval_ns = *interval;
        return NGX_CONF_OK;
    }
    return refuse_directive(cf, "thumb_limit_zone does not take \"" + std::string(text) + "\"");
}

char* compile_key(ngx_conf_t* cf, ngx_str_t* text, LimitZone& zone) {
    ngx_http_compile_complex_value_t compile{};
    compile.cf = cf;
    compile.value = text;
    compile.complex_value = &zone.key;
    return ngx_http_compile_complex_value(&compile) == NGX_OK ? NGX_CONF_OK : kConfError;
}

char* add_zone(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    RateLimitMainConf& main = static_cast<MainConf*>(conf)->rate_limit;
    ngx_str_t* arguments = directive_arguments(cf);
    ZoneArguments given;
    for (ngx_uint_t i = 2; i < cf->args->nelts; ++i) {
        if (char* error = read_zone_argument(cf, arguments[i], given); error != NGX_CONF_OK) return error;
    }
    if (given.name.len == 0 || given.interval_ns == 0) {
        return refuse_directive(cf, "thumb_limit_zone needs zone=NAME:SIZE and rate=");
    }
    auto* zone = static_cast<LimitZone*>(ngx_pcalloc(cf->pool, sizeof(LimitZone)));
    if (main.zones == nullptr) main.zones = ngx_array_create(cf->pool, 4, sizeof(LimitZone*));
    if (zone == nullptr || main.zones == nullptr) return kConfError;
    if (char* error = compile_key(cf, &arguments[1], *zone); error != NGX_CONF_OK) return error;
    zone->interval_ns = given.interval_ns;
    zone->pool = cf->pool;
    zone->shm = ngx_shared_memory_add(cf, &given.name, static_cast<std::size_t>(given.size), &ngx_http_thumb_module);
    if (zone->shm == nullptr) return kConfError;
    if (zone->shm->data != nullptr)
        return refuse_directive(cf, "zone \"" + std::string(view(given.name)) + "\" is defined twice");
    zone->shm->init = init_zone;
    zone->shm->data = zone;
    auto** entry = static_cast<LimitZone**>(ngx_array_push(main.zones));
    if (entry == nullptr) return kConfError;
    *entry = zone;
    return NGX_CONF_OK;
} catch (...) {
    return kConfError;
}

LimitZone* find_zone(const RateLimitMainConf& main, std::string_view name) {
    if (main.zones == nullptr) return nullptr;
    const std::span zones(static_cast<LimitZone**>(main.zones->elts), main.zones->nelts);
    for (LimitZone* zone : zones) {
        if (view(zone->shm->shm.name) == name) return zone;
    }
    return nullptr;
}

char* read_limit_argument(ngx_conf_t* cf, std::string_view text, Limit& limit) {
    if (const auto name = after(text, "zone=")) {
        limit.zone = find_zone(main_conf(cf)->rate_limit, *name);
        if (limit.zone != nullptr) return NGX_CONF_OK;
        return refuse_directive(cf, "no thumb_limit_zone \"" + std::string(*name) + "\" is defined above");
    }
    if (const auto burst = after(text, "burst=")) {
        const auto count = parse_decimal(*burst, kMaxBurst);
        if (!count) return refuse_directive(cf, "burst takes 0 to 1000000, not \"" + std::string(*burst) + "\"");
        limit.rate.burst = *count;
        return NGX_CONF_OK;
    }
    if (const auto on = after(text, "on=")) {
        if (*on != "denied") return refuse_directive(cf, "on takes denied, not \"" + std::string(*on) + "\"");
        limit.on = LimitedRequests::denied;
        return NGX_CONF_OK;
    }
    if (text == "dry_run") {
        limit.dry_run = true;
        return NGX_CONF_OK;
    }
    return refuse_directive(cf, "thumb_limit does not take \"" + std::string(text) + "\"");
}

char* add_limit(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    RateLimitConf& own = static_cast<LocationConf*>(conf)->rate_limit;
    Limit limit{};
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        const std::string_view text = view(directive_arguments(cf)[i]);
        if (char* error = read_limit_argument(cf, text, limit); error != NGX_CONF_OK) return error;
    }
    if (limit.zone == nullptr) return refuse_directive(cf, "thumb_limit needs zone=NAME");
    limit.rate.interval_ns = limit.zone->interval_ns;
    if (own.limits == nullptr) own.limits = ngx_array_create(cf->pool, 2, sizeof(Limit));
    auto* entry = own.limits != nullptr ? static_cast<Limit*>(ngx_array_push(own.limits)) : nullptr;
    if (entry == nullptr) return kConfError;
    *entry = limit;
    return NGX_CONF_OK;
} catch (...) {
    return kConfError;
}

}  // namespace

std::span<const ngx_command_t> rate_limit_directives() {
    static const std::array<ngx_command_t, 2> directives{{
        {ngx_string("thumb_limit_zone"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE3, add_zone, NGX_HTTP_MAIN_CONF_OFFSET, 0,
         nullptr},
        {ngx_string("thumb_limit"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1234,
         add_limit, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    }};
    return directives;
}

void merge_rate_limit(const RateLimitConf& outer, RateLimitConf& inner) {
    if (inner.limits == nullptr) inner.limits = outer.limits;
}

}  // namespace thumbgate::edge
