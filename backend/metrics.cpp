#include "backend/metrics.hpp"

#include <prometheus/text_serializer.h>

#include "backend/limits.hpp"

namespace thumbgate {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

// Seconds: a cached read takes a fraction of a millisecond, a large AVIF seconds.
const Histogram::BucketBoundaries kSeconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                           0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};

Family<Counter>& counters(Registry& registry, const char* name, const char* help) {
    return BuildCounter().Name(name).Help(help).Register(registry);
}

Gauge& gauge(Registry& registry, const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

Family<Gauge>& gauges(Registry& registry, const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry);
}

std::string status_class(int status) {
    return std::to_string(status / 100) + "xx";
}

// A counter that is kept elsewhere.
void set(Counter& counter, std::uint64_t count) {
    counter.Increment(static_cast<double>(count) - counter.Value());
}

}  // namespace

Metrics::Metrics(std::string_view version, std::size_t converters, std::size_t slow_converters)
    : requests_(counters(registry_, "thumbgate_backend_requests_total",
                         "Requests answered, by method, route and class of status.")),
      refused_(counters(registry_, "thumbgate_backend_refused_requests_total",
                        "Requests refused before any route, by reason: without a valid service MAC, or replayed.")),
      over_limit_(counters(registry_, "thumbgate_backend_limit_refusals_total",
                           "Requests refused because something in them exceeds a limit, by limit.")),
      conversions_(counters(registry_, "thumbgate_backend_conversions_total",
                            "Jobs of the converters, by format of the result and how they ended.")),
      uploads_(counters(registry_, "thumbgate_backend_uploads_total", "Uploads, by how they ended.")),
      replaced_(counters(registry_, "thumbgate_backend_converter_replacements_total",
                         "Converter processes replaced, by reason.")),
      sandbox_(gauges(registry_, "thumbgate_backend_sandbox_layer",
                      "Whether converters run behind this layer of their sandbox: 1 or 0.")),
      lookups_(counters(registry_, "thumbgate_backend_result_lookups_total",
                        "Looks for a stored result: hit, miss, or damaged, which was removed and is a miss as well.")),
      results_(counters(registry_, "thumbgate_backend_results_total",
                        "Results that were made: stored, or failed where the disk refused them.")),
      disk_free_(gauges(registry_, "thumbgate_backend_disk_free_bytes",
                        "Room left on the disk of a folder: photos or results.")),
      stages_(BuildHistogram()
                  .Name("thumbgate_backend_stage_duration_seconds")
                  .Help("Time spent in a stage: queue (waiting for a converter), storage, decode_encode (a converter's "
                        "work) and total (a whole request).")
                  .Register(registry_)),
      upload_bytes_(counters(registry_, "thumbgate_backend_upload_bytes_total", "Bytes of pictures stored.").Add({})),
      quarantined_(counters(registry_, "thumbgate_backend_quarantined_total",
                            "Pictures put into quarantine, because they break converters.")
                       .Add({})),
      quarantine_refused_(counters(registry_, "thumbgate_backend_quarantine_refused_total",
                                   "Jobs refused because their picture is in quarantine.")
                              .Add({})),
      expired_(counters(registry_, "thumbgate_backend_photos_expired_total",
                        "Photos removed because they were kept for as long as --retention says.")
                   .Add({})),
      storage_tasks_(gauges(registry_, "thumbgate_backend_storage_tasks",
                            "Calls of the storage, by access (read or write) and state: running, waiting for a "
                            "thread, or stuck (running for longer than they get).")),
      redis_up_(gauge(registry_, "thumbgate_backend_redis_up", "Whether Redis answers: 1 or 0.")),
      connections_(gauge(registry_, "thumbgate_backend_connections", "Open connections from the edge.")),
      admission_refused_(counters(registry_, "thumbgate_backend_admission_refused_total",
                                  "Jobs and requests refused because they could not be done in time, by reason.")),
      queue_depth_(gauges(registry_, "thumbgate_backend_queue_depth", "Jobs waiting for a converter, by lane.")),
      busy_(gauges(registry_, "thumbgate_backend_converters_busy", "Converter processes at work, by group.")),
      queue_wait_(BuildHistogram()
                      .Name("thumbgate_backend_queue_wait_seconds")
                      .Help("Time that jobs which began had waited for a converter, by lane.")
                      .Register(registry_)),
      interims_(counters(registry_, "thumbgate_backend_interims_total",
                         "Thumbnails answered in another format while the AVIF is made.")
                    .Add({})),
      fallbacks_(counters(registry_, "thumbgate_backend_fallbacks_total",
                          "Thumbnails of photos that cannot be shown, answered with the fallback picture.")
                     .Add({})),
      evicted_(counters(registry_, "thumbgate_backend_results_evicted_total",
                        "Stored results removed by age, by size, or to make room on the disk.")
                   .Add({})),
      results_bytes_(gauge(registry_, "thumbgate_backend_results_bytes", "Bytes of stored results on the disk.")),
      queue_stage_(stage("queue")),
      storage_stage_(stage("storage")),
      decode_encode_stage_(stage("decode_encode")),
      total_stage_(stage("total")) {
    describe_build(version, converters, slow_converters);
    begin_series();
}

void Metrics::describe_build(std::string_view version, std::size_t converters, std::size_t slow_converters) {
    auto& kept =
        gauges(registry_, "thumbgate_backend_converters", "Converter processes that are kept ready, by group.");
    kept.Add({{"group", "fast"}}).Set(static_cast<double>(converters));
    kept.Add({{"group", "slow"}}).Set(static_cast<double>(slow_converters));
    BuildGauge()
        .Name("thumbgate_backend_build_info")
        .Help("Always 1; the label names the version that runs.")
        .Register(registry_)
        .Add({{"version", std::string(version)}})
        .Set(1);
}

// What has not happened yet is 0, not absent.
void Metrics::begin_series() {
    for (const Group group : {Group::fast, Group::slow, Group::svg}) set_busy_converters(group, 0);
    for (const Lane lane : {Lane::interactive, Lane::upload, Lane::background, Lane::check}) set_queue_depth(lane, 0);
    for (const char* reason : {"queue_full", "would_be_late", "overload", "deadline_passed", "queue_timeout"}) {
        admission_refused_.Add({{"reason", reason}});
    }
    for (const char* format : {"jpeg", "png", "webp", "avif", "gif", "jxl", "inspect"}) {
        conversions_.Add({{"format", format}, {"result", "ok"}});
    }
    uploads_.Add({{"result", "stored"}});
    refused_.Add({{"reason", "not_from_the_edge"}});
    replaced_.Add({{"reason", "crash"}});
    for (const LimitName& name : kLimits) over_limit_.Add({{"limit", std::string(name.limit)}});
}

Histogram& Metrics::stage(std::string_view name) {
    return stages_.Add({{"stage", std::string(name)}}, kSeconds);
}

void Metrics::on_request(std::string_view method, std::string_view route, int status) {
    requests_
        .Add({{"method", std::string(method)}, {"route", std::string(route)}, {"status_class", status_class(status)}})
        .Increment();
}

void Metrics::on_refused(std::string_view reason) {
    refused_.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::on_error(std::string_view code) {
    const std::string_view limit = limit_of(code);
    if (!limit.empty()) over_limit_.Add({{"limit", std::string(limit)}}).Increment();
}

void Metrics::on_stages(const StageTimes& times, double total_seconds) {
    if (times.storage) storage_stage_.Observe(*times.storage);
    total_stage_.Observe(total_seconds);
}

void Metrics::on_upload(std::string_view result, std::uint64_t bytes) {
    uploads_.Add({{"result", std::string(result)}}).Increment();
    if (result == "stored") upload_bytes_.Increment(static_cast<double>(bytes));
}

void Metrics::on_expired() {
    expired_.Increment();
}

void Metrics::set_redis_up(bool up) {
    redis_up_.Set(up ? 1 : 0);
}

void Metrics::set_connections(std::size_t count) {
    connections_.Set(static_cast<double>(count));
}

void Metrics::set_storage_tasks(std::string_view access, const TaskQueue::Counts& counts) {
    const auto set = [&](const char* state, std::size_t count) {
        storage_tasks_.Add({{"access", std::string(access)}, {"state", state}}).Set(static_cast<double>(count));
    };
    set("running", counts.running);
    set("waiting", counts.waiting);
    set("stuck", counts.stuck);
}

void Metrics::on_conversion(std::string_view format, std::string_view result, double seconds) {
    conversions_.Add({{"format", std::string(format)}, {"result", std::string(result)}}).Increment();
    decode_encode_stage_.Observe(seconds);
}

void Metrics::on_queue_wait(Lane lane, double seconds) {
    queue_stage_.Observe(seconds);
    queue_wait_.Add({{"lane", std::string(name(lane))}}, kSeconds).Observe(seconds);
}

void Metrics::set_queue_depth(Lane lane, std::size_t waiting) {
    queue_depth_.Add({{"lane", std::string(name(lane))}}).Set(static_cast<double>(waiting));
}

void Metrics::set_busy_converters(Group group, std::size_t busy) {
    busy_.Add({{"group", std::string(name(group))}}).Set(static_cast<double>(busy));
}

void Metrics::on_admission_refused(std::string_view reason) {
    admission_refused_.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::on_converter_replaced(std::string_view reason) {
    replaced_.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::on_quarantined() {
    quarantined_.Increment();
}

void Metrics::on_quarantine_refused() {
    quarantine_refused_.Increment();
}

void Metrics::set_sandbox(SandboxLayers layers) {
    for (const Layer layer : kLayers) {
        sandbox_.Add({{"layer", std::string(thumbgate::name(layer))}}).Set(layers.has(layer) ? 1 : 0);
    }
}

void Metrics::set_results(const ResultCounts& counts) {
    set(lookups_.Add({{"result", "hit"}}), counts.hits);
    set(lookups_.Add({{"result", "miss"}}), counts.misses);
    set(lookups_.Add({{"result", "damaged"}}), counts.damaged);
    set(results_.Add({{"result", "stored"}}), counts.stored);
    set(results_.Add({{"result", "failed"}}), counts.failed);
    set(evicted_, counts.evicted);
    results_bytes_.Set(static_cast<double>(counts.bytes));
}

void Metrics::set_interims(std::uint64_t given) {
    set(interims_, given);
}

void Metrics::set_fallbacks(std::uint64_t given) {
    set(fallbacks_, given);
}

void Metrics::set_disk_free(std::string_view folder, std::uint64_t bytes) {
    disk_free_.Add({{"folder", std::string(folder)}}).Set(static_cast<double>(bytes));
}

std::string Metrics::text() const {
    return prometheus::TextSerializer().Serialize(registry_.Collect());
}

void PoolReports::on_sandbox(ConverterKind kind, SandboxLayers layers) {
    const bool is_svg = kind == ConverterKind::svg;
    if (!is_svg) metrics_.set_sandbox(layers);
    log_.info(is_svg ? "converters for SVG are locked in" : "converters are locked in",
              {{"sandbox", describe(layers)}});
}

void PoolReports::on_converter_replaced(std::string_view reason, std::string_view detail) {
    metrics_.on_converter_replaced(reason);
    log_.warning("a converter was replaced", {{"reason", reason}, {"detail", detail}});
}

void QuarantineReports::on_quarantined(const QuarantineRecord& record) {
    metrics_.on_quarantined();
    log_.warning("a picture was put into quarantine", {{"digest", record.digest},
                                                       {"source", loggable(record.source)},
                                                       {"reason", record.reason},
                                                       {"strikes", record.strikes}});
}

void QuarantineReports::on_strike_lost(const std::string& digest, std::string_view why) {
    log_.error("what a picture did to a converter could not be written down", {{"digest", digest}, {"detail", why}});
}

}  // namespace thumbgate
