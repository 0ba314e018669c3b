// What the rest of the module asks of the feed.
#include "nginx-module/feed/feed.hpp"

#include <array>
#include <string>

#include "nginx-module/feed/client.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kMsPerSecond = 1000;

MetricFamily figure(MetricType type, const char* name, const char* help, double value) {
    ClientMetric metric;
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    return {std::string("thumbgate_edge_feed_") + name, std::string("Control feed: ") + help, type, {metric}};
}

MetricFamily entries_family(const FeedFigures& figures) {
    constexpr std::array<const char*, 4> types{"begin", "purge", "revoke_link", "end_session"};
    MetricFamily family =
        figure(MetricType::Counter, "entries_total", "entries followed, by type; other: of no type known here.",
               static_cast<double>(figures.skipped.load()));
    family.metric[0].label = {{"type", "other"}};
    for (std::size_t i = 0; i < types.size(); ++i) {
        ClientMetric metric;
        metric.label = {{"type", types[i]}};
        metric.counter.value = static_cast<double>(figures.applied[i].load());
        family.metric.push_back(std::move(metric));
    }
    return family;
}

// Seconds since nothing was left to read. Until it was current once: since 1970, which every alert sees.
double age(const FeedFigures& figures) {
    return static_cast<double>(ngx_time()) - static_cast<double>(figures.current_at_ms.load()) / kMsPerSecond;
}

}  // namespace

FeedConf::FeedConf() = default;
FeedConf::~FeedConf() = default;

void attach_feed(ngx_cycle_t* cycle, const FeedMainConf& conf) {
    const bool is_worker = ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_SINGLE;
    if (conf.feed == nullptr || !is_worker) return;
    conf.feed->client = std::make_unique<FeedClient>(*conf.feed, cycle->log);
    conf.feed->client->start();
}

void detach_feed(const FeedMainConf& conf) {
    if (conf.feed != nullptr) conf.feed->client.reset();
}

std::string cache_generation(const FeedMainConf& conf, std::string_view source) {
    if (conf.feed == nullptr) return {};
    const CacheGeneration current = conf.feed->state->cache_generation(source);
    std::array<char, 2 * 16 + 3> text{};
    const int size =
        std::snprintf(text.data(), text.size(), "#%llx.%llx", static_cast<unsigned long long>(current.epoch),
                      static_cast<unsigned long long>(current.generation));
    return {text.data(), static_cast<std::size_t>(size)};
}

bool knows_revocations(const FeedMainConf& conf) {
    return conf.feed != nullptr && conf.feed->state->knows_revocations();
}

bool is_revoked(const FeedMainConf& conf, const FeedEvent& event) {
    return conf.feed->state->is_revoked(revoked_name(event));
}

std::vector<MetricFamily> feed_metrics(const FeedMainConf& conf) {
    if (conf.feed == nullptr) return {};
    const FeedState& state = *conf.feed->state;
    const FeedFigures& figures = state.figures();
    const auto gauge = [](const char* name, const char* help, double value) {
        return figure(MetricType::Gauge, name, help, value);
    };
    return {
        gauge("connected", "1 while a worker follows it.", static_cast<double>(figures.is_connected.load())),
        gauge("age_seconds", "time since nothing was left to read.", age(figures)),
        gauge("lag_seconds", "time the last entry took to be in force.",
              static_cast<double>(figures.lag_ms.load()) / kMsPerSecond),
        gauge("snapshot", "1 once the revocations are known; until then links that can be revoked are 503.",
              state.knows_revocations() ? 1 : 0),
        gauge("purged_sources", "sources with a generation of their own.",
              static_cast<double>(state.generations_held())),
        gauge("revocations", "revoked links and ended sessions held.", static_cast<double>(state.revocations_held())),
        figure(MetricType::Counter, "connections_total", "attempts to connect.",
               static_cast<double>(figures.connections.load())),
        figure(MetricType::Counter, "epochs_total", "times that the cache was begun anew for want of continuity.",
               static_cast<double>(figures.epochs.load())),
        entries_family(figures),
    };
}

}  // namespace thumbgate::edge
