// The module as nginx loads it: concatenates the features' directives and variables, and registers their phases and
// filters. Every decision is in a feature's folder.
#include <utility>
#include <vector>

#include "nginx-module/breaker/upstream.hpp"
#include "nginx-module/cdn_headers/cdn_headers.hpp"
#include "nginx-module/client_cache/client_cache.hpp"
#include "nginx-module/coalesce/coalesce.hpp"
#include "nginx-module/conf.hpp"
#include "nginx-module/content_disposition/content_disposition.hpp"
#include "nginx-module/feed/feed.hpp"
#include "nginx-module/hot_cache/hot_cache.hpp"
#include "nginx-module/link/link.hpp"
#include "nginx-module/metrics/metrics.hpp"
#include "nginx-module/problem/problem.hpp"
#include "nginx-module/rate_limit/rate_limit.hpp"
#include "nginx-module/service/service.hpp"

namespace thumbgate::edge {
namespace {

ngx_http_output_header_filter_pt next_header_filter;
ngx_http_output_body_filter_pt next_body_filter;

ngx_command_t* all_directives() {
    static std::vector<ngx_command_t> directives = [] {
        std::vector<ngx_command_t> all;
        for (const auto& some :
             {link_directives(), rate_limit_directives(), service_directives(), hot_cache_directives(),
              coalesce_directives(), feed_directives(), client_cache_directives(), problem_directives(),
              metrics_directives(), breaker_directives(), cdn_headers_directives()}) {
            all.insert(all.end(), some.begin(), some.end());
        }
        all.push_back(ngx_null_command);
        return all;
    }();
    return directives.data();
}

ngx_int_t add_variables(ngx_conf_t* cf) noexcept {
    for (const auto& some : {link_variables(), service_variables(), client_cache_variables()}) {
        for (const ngx_http_variable_t& wanted : some) {
            ngx_str_t name = wanted.name;
            ngx_http_variable_t* variable = ngx_http_add_variable(cf, &name, wanted.flags);
            if (variable == nullptr) return NGX_ERROR;
            variable->get_handler = wanted.get_handler;
        }
    }
    return NGX_OK;
}

bool add_phase_handler(ngx_conf_t* cf, ngx_http_phases phase, ngx_http_handler_pt handler) {
    auto* core = static_cast<ngx_http_core_main_conf_t*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    auto* slot = static_cast<ngx_http_handler_pt*>(ngx_array_push(&core->phases[phase].handlers));
    if (slot == nullptr) return false;
    *slot = handler;
    return true;
}

ngx_int_t access_phase(ngx_http_request_t* r) noexcept {
    return limit_denied(r, link_access(r));
}

ngx_int_t register_phases(ngx_conf_t* cf) noexcept {
    MainConf& conf = *main_conf(cf);
    const bool registered = index_service_variables(cf, conf.service) && add_metrics_zone(cf, conf) &&
                            check_breakers(cf, conf.breaker) && add_coalesce_zone(cf, conf.coalesce) &&
                            add_phase_handler(cf, NGX_HTTP_PREACCESS_PHASE, rate_limit_preaccess) &&
                            add_phase_handler(cf, NGX_HTTP_PREACCESS_PHASE, link_preaccess) &&
                            add_phase_handler(cf, NGX_HTTP_ACCESS_PHASE, access_phase) &&
                            // Of one phase's handlers, nginx runs the one that was added last first.
                            add_phase_handler(cf, NGX_HTTP_PRECONTENT_PHASE, coalesce) &&
                            add_phase_handler(cf, NGX_HTTP_PRECONTENT_PHASE, serve_hot) &&
                            add_phase_handler(cf, NGX_HTTP_PRECONTENT_PHASE, link_precontent) &&
                            add_phase_handler(cf, NGX_HTTP_PRECONTENT_PHASE, answer_preflight) &&
                            add_phase_handler(cf, NGX_HTTP_LOG_PHASE, count_request);
    return registered ? NGX_OK : NGX_ERROR;
}

void* create_main_conf(ngx_conf_t* cf) noexcept {
    return ngx_pcalloc(cf->pool, sizeof(MainConf));
}

// A server{} has nothing of ours, but an upstream{} is a server to nginx.
void* create_server_conf(ngx_conf_t* cf) noexcept {
    return ngx_pcalloc(cf->pool, sizeof(BreakerConf));
}

void* create_location_conf(ngx_conf_t* cf) noexcept {
    auto* conf = static_cast<LocationConf*>(ngx_pcalloc(cf->pool, sizeof(LocationConf)));
    if (conf == nullptr) return nullptr;
    init_link(conf->link);
    init_client_cache(conf->client_cache);
    init_cdn_headers(conf->cdn_headers);
    init_problem(conf->problem);
    init_hot_cache(conf->hot_cache);
    init_coalesce(conf->coalesce);
    init_service(conf->service);
    return conf;
}

char* merge_location_conf(ngx_conf_t* cf, void* outer_conf, void* inner_conf) noexcept try {
    const auto& outer = *static_cast<LocationConf*>(outer_conf);
    auto& inner = *static_cast<LocationConf*>(inner_conf);
    merge_rate_limit(outer.rate_limit, inner.rate_limit);
    merge_hot_cache(outer.hot_cache, inner.hot_cache);
    merge_coalesce(outer.coalesce, inner.coalesce);
    merge_service(outer.service, inner.service);
    merge_client_cache(outer.client_cache, inner.client_cache);
    merge_cdn_headers(outer.cdn_headers, inner.cdn_headers);
    char* merged = merge_link(cf, outer.link, inner.link);
    merge_problem(outer.problem, inner.problem, inner.link.is_thumbnail_location());
    return merged;
} catch (...) {
    return static_cast<char*>(NGX_CONF_ERROR);
}

ngx_int_t header_filter(ngx_http_request_t* r) noexcept {
    try {
        if (r == r->main) {
            set_breaker_status(r);
            if (watch_fetch(r)) return NGX_OK;
            replace_error_page_headers(r);
            begin_hot_fill(r);
            set_client_cache_headers(r);
            set_cdn_headers(r);
            set_content_disposition(r);
            add_rate_limit_headers(r);
        }
    } catch (...) {
        return NGX_ERROR;
    }
    return next_header_filter(r);
}

ngx_int_t body_filter(ngx_http_request_t* r, ngx_chain_t* in) noexcept {
    ngx_chain_t* out = in;
    try {
        continue_hot_fill(r, in);
        out = replace_error_page_body(r, in);
    } catch (...) {
        return NGX_ERROR;
    }
    if (out == nullptr && in != nullptr) return NGX_ERROR;
    return next_body_filter(r, out);
}

MainConf* main_conf(const ngx_cycle_t* cycle) {
    return static_cast<MainConf*>(ngx_http_cycle_get_module_main_conf(cycle, ngx_http_thumb_module));
}

// Without a http{} block there is no configuration of ours.
ngx_int_t init_worker(ngx_cycle_t* cycle) noexcept try {
    if (MainConf* conf = main_conf(cycle)) {
        attach_hot_cache(cycle, conf->hot_cache);
        attach_coalesce(cycle, conf->coalesce);
        attach_feed(cycle, conf->feed);
    }
    return NGX_OK;
} catch (...) {
    return NGX_ERROR;
}

void exit_worker(ngx_cycle_t* cycle) noexcept {
    if (MainConf* conf = main_conf(cycle)) {
        detach_feed(conf->feed);
        detach_coalesce(conf->coalesce);
        detach_hot_cache(conf->hot_cache);
    }
}

ngx_int_t register_filters(ngx_conf_t*) noexcept {
    next_header_filter = std::exchange(ngx_http_top_header_filter, header_filter);
    next_body_filter = std::exchange(ngx_http_top_body_filter, body_filter);
    return NGX_OK;
}

ngx_http_module_t module_context{
    add_variables,      register_phases, create_main_conf,     nullptr,
    create_server_conf, nullptr,         create_location_conf, merge_location_conf,
};

ngx_http_module_t filter_context{nullptr, register_filters, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};

}  // namespace
}  // namespace thumbgate::edge

ngx_module_t ngx_http_thumb_module = {
    NGX_MODULE_V1,
    &thumbgate::edge::module_context,
    thumbgate::edge::all_directives(),
    NGX_HTTP_MODULE,
    nullptr,  // init master
    nullptr,  // init module
    thumbgate::edge::init_worker,
    nullptr,  // init thread
    nullptr,  // exit thread
    thumbgate::edge::exit_worker,
    nullptr,  // exit master
    NGX_MODULE_V1_PADDING,
};

// The filters are a module of their own, since their place in the chain is another than the phase handlers'.
ngx_module_t ngx_http_thumb_filter_module = {
    NGX_MODULE_V1, &thumbgate::edge::filter_context,
    nullptr,       NGX_HTTP_MODULE,
    nullptr,       nullptr,
    nullptr,       nullptr,
    nullptr,       nullptr,
    nullptr,       NGX_MODULE_V1_PADDING,
};

// What nginx looks for in a dynamic module. The order places the handlers before realip in the list, so that they run
// after it, and the filters before nginx's headers filter, so that they run after it and win over add_header.
#define THUMB_EXPORT extern "C" __attribute__((visibility("default")))

THUMB_EXPORT ngx_module_t* ngx_modules[];
ngx_module_t* ngx_modules[] = {&ngx_http_thumb_module, &ngx_http_thumb_filter_module, nullptr};

THUMB_EXPORT char* ngx_module_names[];
char* ngx_module_names[] = {const_cast<char*>("ngx_http_thumb_module"),
                            const_cast<char*>("ngx_http_thumb_filter_module"), nullptr};

THUMB_EXPORT char* ngx_module_order[];
char* ngx_module_order[] = {const_cast<char*>("ngx_http_thumb_module"), const_cast<char*>("ngx_http_realip_module"),
                            const_cast<char*>("ngx_http_thumb_filter_module"),
                            const_cast<char*>("ngx_http_headers_filter_module"), nullptr};
