// The module's configuration: one struct for http{} and one for each server and location, made of a part for each
// feature; what an upstream{} holds is the breaker's alone. nginx allocates both zeroed, and merges outer levels into
// inner ones.
#pragma once

#include "nginx-module/breaker/conf.hpp"
#include "nginx-module/cdn_headers/conf.hpp"
#include "nginx-module/client_cache/conf.hpp"
#include "nginx-module/coalesce/conf.hpp"
#include "nginx-module/feed/conf.hpp"
#include "nginx-module/hot_cache/conf.hpp"
#include "nginx-module/link/conf.hpp"
#include "nginx-module/ngx.hpp"
#include "nginx-module/problem/conf.hpp"
#include "nginx-module/rate_limit/conf.hpp"
#include "nginx-module/service/conf.hpp"

extern ngx_module_t ngx_http_thumb_module;

namespace thumbgate::edge {

struct MainConf {
    ServiceMainConf service;
    RateLimitMainConf rate_limit;
    HotMainConf hot_cache;
    FeedMainConf feed;
    BreakerMainConf breaker;
    CoalesceMainConf coalesce;
    ngx_shm_zone_t* metrics_zone;
};

struct LocationConf {
    LinkConf link;
    RateLimitConf rate_limit;
    HotConf hot_cache;
    CoalesceConf coalesce;
    ServiceConf service;
    ClientCacheConf client_cache;
    CdnHeadersConf cdn_headers;
    ProblemConf problem;
};

inline MainConf* main_conf(ngx_http_request_t* r) {
    return static_cast<MainConf*>(ngx_http_get_module_main_conf(r, ngx_http_thumb_module));
}

inline MainConf* main_conf(ngx_conf_t* cf) {
    return static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_thumb_module));
}

inline LocationConf* location_conf(ngx_http_request_t* r) {
    return static_cast<LocationConf*>(ngx_http_get_module_loc_conf(r, ngx_http_thumb_module));
}

}  // namespace thumbgate::edge
