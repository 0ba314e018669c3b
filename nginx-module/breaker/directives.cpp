// thumb_breaker: read while nginx reads an upstream{}, and the breaker's shared memory made or taken over from before a
// reload. Whatever is wrong is said at [emerg] with its value.
#include <array>
#include <string>

#include "contract/encoding.hpp"
#include "nginx-module/breaker/upstream.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::uint32_t kLayout = 1;
constexpr std::uint64_t kMaxMin = 1'000'000;
constexpr std::size_t kZonePages = 8;  // the fewest that nginx takes

char* const kConfError = static_cast<char*>(NGX_CONF_ERROR);

struct BreakerBlock {
    std::uint32_t layout;
    std::uint32_t size;
    BreakerState state;
};

ngx_int_t init_zone(ngx_shm_zone_t* shm, void*) noexcept {
    auto* conf = static_cast<BreakerConf*>(shm->data);
    auto* pool = reinterpret_cast<ngx_slab_pool_t*>(shm->shm.addr);
    if (pool->data == nullptr) {
        auto* block = static_cast<BreakerBlock*>(ngx_slab_calloc(pool, sizeof(BreakerBlock)));
        if (block == nullptr) return NGX_ERROR;
        block->layout = kLayout;
        block->size = sizeof(BreakerBlock);
        pool->data = block;
    }
    auto* block = static_cast<BreakerBlock*>(pool->data);
    if (block->layout == kLayout && block->size == sizeof(BreakerBlock)) {
        conf->state = &block->state;
        return NGX_OK;
    }
    ngx_log_error(NGX_LOG_EMERG, shm->shm.log, 0,
                  "\"%V\" has the layout of another version of the module; restart nginx to make it anew",
                  &shm->shm.name);
    return NGX_ERROR;
}

// "NAME=VALUE"
struct Argument {
    std::string_view name;
    ngx_str_t value;

    explicit Argument(const ngx_str_t& text) {
        const std::size_t end = std::min(view(text).find('='), text.len);
        name = view(text).substr(0, end);
        const std::size_t from = std::min(end + 1, text.len);
        value = {text.len - from, text.data + from};
    }
};

char* refuse_argument(ngx_conf_t* cf, const Argument& argument, const std::string& takes) {
    return refuse_directive(
        cf, std::string(argument.name) + " takes " + takes + ", not \"" + std::string(view(argument.value)) + "\"");
}

char* read_number(ngx_conf_t* cf, const Argument& argument, std::uint64_t most, std::uint64_t& number,
                  std::string_view unit = {}) {
    std::string_view text = view(argument.value);
    const bool has_unit = text.ends_with(unit);
    if (has_unit) text.remove_suffix(unit.size());
    const auto read = parse_decimal(text, most);
    if (!has_unit || !read || *read == 0)
        return refuse_argument(cf, argument,
                               "1" + std::string(unit) + " to " + std::to_string(most) + std::string(unit));
    number = *read;
    return NGX_CONF_OK;
}

char* read_time(ngx_conf_t* cf, const Argument& argument, std::uint64_t least_ms, std::uint64_t& ms) {
    constexpr ngx_int_t kMost = 3'600'000;
    ngx_str_t text = argument.value;
    const ngx_int_t read = ngx_parse_time(&text, 0);
    if (read < static_cast<ngx_int_t>(least_ms) || read > kMost)
        return refuse_argument(cf, argument, std::to_string(least_ms) + "ms to 1h");
    ms = static_cast<std::uint64_t>(read);
    return NGX_CONF_OK;
}

char* read_argument(ngx_conf_t* cf, const ngx_str_t& text, BreakerRules& rules) {
    const Argument argument(text);
    if (argument.name == "failures") return read_number(cf, argument, 100, rules.failures, "%");
    if (argument.name == "min") return read_number(cf, argument, kMaxMin, rules.min);
    if (argument.name == "probes") return read_number(cf, argument, kMaxProbes, rules.probes);
    if (argument.name == "window") return read_time(cf, argument, 100, rules.window_ms);
    if (argument.name == "slow") return read_time(cf, argument, 1, rules.slow_ms);
    if (argument.name == "open") return read_time(cf, argument, 1, rules.open_ms);
    return refuse_directive(cf, "thumb_breaker does not take \"" + std::string(view(text)) + "\"");
}

bool add_zone(ngx_conf_t* cf, BreakerConf& conf) {
    ngx_str_t name = copy_to_pool(cf->pool, "thumb_breaker_" + std::string(view(conf.upstream->host)));
    if (name.data == nullptr) return false;
    conf.shm = ngx_shared_memory_add(cf, &name, kZonePages * ngx_pagesize, &ngx_http_thumb_module);
    if (conf.shm == nullptr) return false;
    conf.shm->init = init_zone;
    conf.shm->data = &conf;
    return true;
}

char* add_breaker(ngx_conf_t* cf, ngx_command_t*, void* server_conf) noexcept try {
    auto& conf = *static_cast<BreakerConf*>(server_conf);
    if (conf.rules != nullptr) return const_cast<char*>("is duplicate");
    BreakerMainConf& main = main_conf(cf)->breaker;
    conf.rules = make_in_pool<BreakerRules>(cf->pool);
    if (main.breakers == nullptr) main.breakers = ngx_array_create(cf->pool, 2, sizeof(BreakerConf*));
    if (conf.rules == nullptr || main.breakers == nullptr) return kConfError;
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        if (char* error = read_argument(cf, directive_arguments(cf)[i], *conf.rules); error != NGX_CONF_OK)
            return error;
    }
    conf.upstream =
        static_cast<ngx_http_upstream_srv_conf_t*>(ngx_http_conf_get_module_srv_conf(cf, ngx_http_upstream_module));
    auto** entry = static_cast<BreakerConf**>(ngx_array_push(main.breakers));
    if (entry == nullptr || !add_zone(cf, conf)) return kConfError;
    *entry = &conf;
    wrap_upstream(conf);
    return NGX_CONF_OK;
} catch (...) {
    return kConfError;
}

}  // namespace

std::span<const ngx_command_t> breaker_directives() {
    static const std::array<ngx_command_t, 1> directives{{
        {ngx_string("thumb_breaker"), NGX_HTTP_UPS_CONF | NGX_CONF_ANY, add_breaker, NGX_HTTP_SRV_CONF_OFFSET, 0,
         nullptr},
    }};
    return directives;
}

bool check_breakers(ngx_conf_t* cf, const BreakerMainConf& conf) {
    if (conf.breakers == nullptr) return true;
    for (const BreakerConf* breaker :
         std::span(static_cast<BreakerConf**>(conf.breakers->elts), conf.breakers->nelts)) {
        if (breaker->inner_init_peer != nullptr) continue;
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "thumb_breaker must stand below the balancing method of upstream \"%V\" (hash, least_conn, …)",
                      &breaker->upstream->host);
        return false;
    }
    return true;
}

}  // namespace thumbgate::edge
