// The counters of coalescing as Prometheus families.
#include <prometheus/metric_family.h>

#include "nginx-module/coalesce/coalesce.hpp"
#include "nginx-module/coalesce/waiting_room.hpp"

namespace thumbgate::edge {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::vector<MetricFamily> coalesce_metrics(const CoalesceMainConf& conf) {
    if (conf.room == nullptr) return {};
    Flights& flights = conf.room->flights();
    const FlightCounters& counters = flights.counters();
    MetricFamily outcomes{"thumbgate_edge_coalesced_total",
                          "Requests that no cache answered at once. leader: asked the backend, for others too; waited: "
                          "for a leader; timeout: for too long; alone: could do neither.",
                          MetricType::Counter,
                          {}};
    const auto add = [&](const char* outcome, const std::atomic<std::uint64_t>& counter) {
        ClientMetric metric;
        metric.label = {{"outcome", outcome}};
        metric.counter.value = static_cast<double>(counter.load(std::memory_order_relaxed));
        outcomes.metric.push_back(std::move(metric));
    };
    add("leader", counters.leader);
    add("waited", counters.waited);
    add("timeout", counters.timeout);
    add("alone", counters.alone);
    ClientMetric waiting;
    waiting.gauge.value = static_cast<double>(flights.waiting());
    return {outcomes,
            {"thumbgate_edge_coalesce_waiting", "Requests that wait for a leader now.", MetricType::Gauge, {waiting}}};
}

}  // namespace thumbgate::edge
