// Counts requests and renders what was counted, through prometheus-cpp's serializer.
#include "nginx-module/metrics/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "nginx-module/client_cache/client_cache.hpp"
#include "nginx-module/coalesce/coalesce.hpp"
#include "nginx-module/feed/feed.hpp"
#include "nginx-module/metrics/counters.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::size_t kZoneBytes = 128 * 1024;
constexpr double kMsPerSecond = 1000.0;

ngx_int_t init_counters(ngx_shm_zone_t* zone, void*) noexcept {
    auto* pool = reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
    if (pool->data == nullptr) {
        auto* counters = static_cast<Counters*>(ngx_slab_calloc(pool, sizeof(Counters)));
        if (counters == nullptr) return NGX_ERROR;
        counters->layout = kCountersLayout;
        counters->size = sizeof(Counters);
        pool->data = counters;
    }
    const auto* counters = static_cast<const Counters*>(pool->data);
    if (counters->layout == kCountersLayout && counters->size == sizeof(Counters)) return NGX_OK;
    ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                  "the metrics have the layout of another version of the module; restart nginx to make them anew");
    return NGX_ERROR;
}

Counters* counters_of(const MainConf& conf) {
    auto* pool = reinterpret_cast<ngx_slab_pool_t*>(conf.metrics_zone->shm.addr);
    return static_cast<Counters*>(pool->data);
}

std::uint64_t elapsed_ms(const ngx_http_request_t* r) {
    const ngx_time_t* now = ngx_timeofday();
    const auto elapsed = (now->sec - r->start_sec) * 1000 + static_cast<ngx_msec_int_t>(now->msec - r->start_msec);
    return static_cast<std::uint64_t>(std::max<ngx_msec_int_t>(elapsed, 0));
}

std::size_t status_class(const ngx_http_request_t* r) {
    const ngx_uint_t status = r->err_status != 0 ? r->err_status : r->headers_out.status;
    return std::min<std::size_t>(status / 100, kStatusClasses - 1);
}

std::string cache_label(std::size_t status) {
    return status == 0 ? "none" : std::string(cache_status_name(static_cast<unsigned>(status)));
}

std::string class_label(std::size_t status_class) {
    return status_class == 0 ? "none" : std::to_string(status_class) + "xx";
}

MetricFamily requests_family(const Counters& counters) {
    MetricFamily family{"thumbgate_edge_requests_total",
                        "Requests by verdict, cache status and class of the response status.",
                        MetricType::Counter,
                        {}};
    for (std::size_t verdict = 0; verdict < kVerdicts; ++verdict) {
        for (std::size_t cache = 0; cache < kCacheStatuses; ++cache) {
            for (std::size_t status = 0; status < kStatusClasses; ++status) {
                const std::uint64_t count = counters.requests[verdict][cache][status].load(std::memory_order_relaxed);
                if (count == 0) continue;
                ClientMetric metric;
                metric.label = {{"verdict", std::string(name(static_cast<Verdict>(verdict)))},
                                {"cache", cache_label(cache)},
                                {"status_class", class_label(status)}};
                metric.counter.value = static_cast<double>(count);
                family.metric.push_back(std::move(metric));
            }
        }
    }
    return family;
}

ClientMetric histogram_metric(const LatencyHistogram& histogram) {
    ClientMetric metric;
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
        cumulative += histogram.buckets[i].load(std::memory_order_relaxed);
        const bool bounded = i < kLatencyBoundsMs.size();
        const double bound =
            bounded ? static_cast<double>(kLatencyBoundsMs[i]) / kMsPerSecond : std::numeric_limits<double>::infinity();
        metric.histogram.bucket.push_back({cumulative, bound});
    }
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum = static_cast<double>(histogram.sum_ms.load(std::memory_order_relaxed)) / kMsPerSecond;
    return metric;
}

MetricFamily latency_family(const Counters& counters) {
    MetricFamily family{"thumbgate_edge_request_duration_seconds",
                        "Time from the first byte of a request to the last byte of its response, by cache status.",
                        MetricType::Histogram,
                        {}};
    for (std::size_t cache = 0; cache < kCacheStatuses; ++cache) {
        ClientMetric metric = histogram_metric(counters.latency[cache]);
        if (metric.histogram.sample_count == 0) continue;
        metric.label = {{"cache", cache_label(cache)}};
        family.metric.push_back(std::move(metric));
    }
    return family;
}

MetricFamily limits_family(const RateLimitMainConf& conf) {
    MetricFamily family{"thumbgate_edge_limit_decisions_total",
                        "Decisions of each rate limit zone; dry_run: would have been limited.",
                        MetricType::Counter,
                        {}};
    if (conf.zones == nullptr) return family;
    for (const LimitZone* zone : std::span(static_cast<LimitZone**>(conf.zones->elts), conf.zones->nelts)) {
        const auto add = [&](const char* decision, const Counter& counter) {
            ClientMetric metric;
            metric.label = {{"zone", std::string(view(zone->shm->shm.name))}, {"decision", decision}};
            metric.counter.value = static_cast<double>(counter.load(std::memory_order_relaxed));
            family.metric.push_back(std::move(metric));
        };
        add("allowed", zone->header->allowed);
        add("limited", zone->header->limited);
        add("dry_run", zone->header->dry_run);
    }
    return family;
}

ClientMetric hot_metric(MetricType type, const HotZone& zone, std::uint64_t value) {
    ClientMetric metric;
    metric.label = {{"zone", std::string(view(zone.shm->shm.name))}};
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = static_cast<double>(value);
    return metric;
}

void add_hot_families(const HotMainConf& conf, std::vector<MetricFamily>& families) {
    if (conf.zones == nullptr) return;
    struct Figure {
        const char* name;
        const char* help;
        MetricType type;
        std::uint64_t HotCounts::* value;
    };
    constexpr std::array<Figure, 8> figures{{
        {"hits_total", "Lookups that found the object.", MetricType::Counter, &HotCounts::hits},
        {"misses_total", "Lookups that did not.", MetricType::Counter, &HotCounts::misses},
        {"stored_total", "Objects that were stored.", MetricType::Counter, &HotCounts::stored},
        {"evicted_total", "Objects that made room.", MetricType::Counter, &HotCounts::evicted},
        {"emptied_shards_total", "Shards emptied after a worker died in their lock.", MetricType::Counter,
         &HotCounts::emptied_shards},
        {"objects", "Objects held now.", MetricType::Gauge, &HotCounts::objects},
        {"used_bytes", "Memory of pages in use.", MetricType::Gauge, &HotCounts::used_bytes},
        {"size_bytes", "Memory of all pages.", MetricType::Gauge, &HotCounts::total_bytes},
    }};
    for (const Figure& figure : figures) {
        MetricFamily family{std::string("thumbgate_edge_hot_") + figure.name,
                            std::string("Hot cache: ") + figure.help,
                            figure.type,
                            {}};
        for (const HotZone* zone : std::span(static_cast<HotZone**>(conf.zones->elts), conf.zones->nelts)) {
            if (zone->store == nullptr) continue;
            family.metric.push_back(hot_metric(figure.type, *zone, zone->store->counts().*figure.value));
        }
        families.push_back(std::move(family));
    }
}

void add_breaker_families(const BreakerMainConf& conf, std::vector<MetricFamily>& families) {
    if (conf.breakers == nullptr) return;
    MetricFamily phase{"thumbgate_edge_breaker_state",
                       "Circuit breaker of an upstream: 0 closed, 1 half-open, 2 open.",
                       MetricType::Gauge,
                       {}};
    MetricFamily opened{"thumbgate_edge_breaker_opened_total", "Times it opened.", MetricType::Counter, {}};
    MetricFamily rejected{"thumbgate_edge_breaker_rejected_total", "Tries that it rejected.", MetricType::Counter, {}};
    for (const BreakerConf* breaker :
         std::span(static_cast<BreakerConf**>(conf.breakers->elts), conf.breakers->nelts)) {
        ClientMetric metric;
        metric.label = {{"upstream", std::string(view(breaker->upstream->host))}};
        metric.gauge.value = static_cast<double>(Breaker(*breaker->state, *breaker->rules).phase());
        phase.metric.push_back(metric);
        metric.counter.value = static_cast<double>(breaker->state->opened.load(std::memory_order_relaxed));
        opened.metric.push_back(metric);
        metric.counter.value = static_cast<double>(breaker->state->rejected.load(std::memory_order_relaxed));
        rejected.metric.push_back(metric);
    }
    families.insert(families.end(), {phase, opened, rejected});
}

std::string render(const MainConf& conf) {
    const Counters& counters = *counters_of(conf);
    std::vector<MetricFamily> families{requests_family(counters), latency_family(counters),
                                       limits_family(conf.rate_limit)};
    add_hot_families(conf.hot_cache, families);
    for (MetricFamily& family : coalesce_metrics(conf.coalesce)) families.push_back(std::move(family));
    for (MetricFamily& family : feed_metrics(conf.feed)) families.push_back(std::move(family));
    add_breaker_families(conf.breaker, families);
    return prometheus::TextSerializer().Serialize(families);
}

ngx_int_t send_metrics(ngx_http_request_t* r, const std::string& text) {
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = static_cast<off_t>(text.size());
    ngx_str_set(&r->headers_out.content_type, "text/plain; version=0.0.4; charset=utf-8");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    if (!add_response_header(r, "Cache-Control", "no-store")) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    const ngx_int_t sent = ngx_http_send_header(r);
    if (sent == NGX_ERROR || sent > NGX_OK || r->header_only != 0) return sent;
    const ngx_str_t copy = copy_to_pool(r->pool, text);
    ngx_buf_t* buffer = copy.data != nullptr ? static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool)) : nullptr;
    if (buffer == nullptr) return NGX_ERROR;
    buffer->pos = copy.data;
    buffer->last = copy.data + copy.len;
    buffer->memory = 1;
    buffer->last_buf = 1;
    buffer->last_in_chain = 1;
    ngx_chain_t chain{buffer, nullptr};
    return ngx_http_output_filter(r, &chain);
}

ngx_int_t metrics_content(ngx_http_request_t* r) noexcept try {
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) return NGX_HTTP_NOT_ALLOWED;
    if (const ngx_int_t discarded = ngx_http_discard_request_body(r); discarded != NGX_OK) return discarded;
    return send_metrics(r, render(*main_conf(r)));
} catch (...) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

char* set_metrics(ngx_conf_t* cf, ngx_command_t*, void*) noexcept {
    auto* core = static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    core->handler = metrics_content;
    return NGX_CONF_OK;
}

}  // namespace

std::span<const ngx_command_t> metrics_directives() {
    static const std::array<ngx_command_t, 1> directives{{
        {ngx_string("thumb_metrics"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, set_metrics, NGX_HTTP_LOC_CONF_OFFSET, 0,
         nullptr},
    }};
    return directives;
}

bool add_metrics_zone(ngx_conf_t* cf, MainConf& conf) {
    ngx_str_t zone_name = ngx_string("thumb_metrics");
    conf.metrics_zone = ngx_shared_memory_add(cf, &zone_name, kZoneBytes, &ngx_http_thumb_module);
    if (conf.metrics_zone == nullptr) return false;
    conf.metrics_zone->init = init_counters;
    return true;
}

ngx_int_t count_request(ngx_http_request_t* r) noexcept {
    Counters& counters = *counters_of(*main_conf(r));
    const RequestState* state = existing_request_state(r);
    const auto verdict = static_cast<std::size_t>(state != nullptr ? state->verdict : Verdict::none);
    const std::size_t cache = std::min<std::size_t>(cache_status(r), kCacheStatuses - 1);
    counters.requests[verdict][cache][status_class(r)].fetch_add(1, std::memory_order_relaxed);
    LatencyHistogram& latency = counters.latency[cache];
    const std::uint64_t ms = elapsed_ms(r);
    const auto bucket = std::ranges::lower_bound(kLatencyBoundsMs, ms) - kLatencyBoundsMs.begin();
    latency.buckets[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
    latency.sum_ms.fetch_add(ms, std::memory_order_relaxed);
    return NGX_OK;
}

}  // namespace thumbgate::edge
