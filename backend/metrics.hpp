// What the backend counts and measures, as Prometheus text. Names carry their unit; every label has a bounded set of
// values. Used on the main thread alone.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <string>
#include <string_view>

#include "backend/conversion/pool.hpp"
#include "backend/http/message.hpp"
#include "backend/log.hpp"
#include "backend/photos/quarantined_pool.hpp"
#include "backend/storage/result_store.hpp"
#include "backend/storage/task_queue.hpp"

namespace thumbgate {

class Metrics {
  public:
    Metrics(std::string_view version, std::size_t converters, std::size_t slow_converters = 0);

    // `route`: a route's pattern, or "none".
    void on_request(std::string_view method, std::string_view route, int status);
    void on_refused(std::string_view reason);
    // An error that says which limit is exceeded (limits.hpp); others are passed over.
    void on_error(std::string_view code);
    void on_stages(const StageTimes& times, double total_seconds);
    // `result`: "stored", or the code of the error.
    void on_upload(std::string_view result, std::uint64_t bytes);
    void on_expired();
    void set_redis_up(bool up);
    void set_connections(std::size_t count);
    // `access`: "read" or "write".
    void set_storage_tasks(std::string_view access, const TaskQueue::Counts& counts);

    void on_conversion(std::string_view format, std::string_view result, double seconds);
    void on_queue_wait(Lane lane, double seconds);
    void set_queue_depth(Lane lane, std::size_t waiting);
    void set_busy_converters(Group group, std::size_t busy);
    // Of a job that is not admitted, or of a request that comes after its deadline.
    void on_admission_refused(std::string_view reason);
    void on_converter_replaced(std::string_view reason);
    void set_sandbox(SandboxLayers layers);

    void on_quarantined();
    void on_quarantine_refused();

    void set_results(const ResultCounts& counts);
    void set_interims(std::uint64_t given);
    void set_fallbacks(std::uint64_t given);
    // `folder`: "photos" or "results".
    void set_disk_free(std::string_view folder, std::uint64_t bytes);

    std::string text() const;

  private:
    prometheus::Histogram& stage(std::string_view name);
    void describe_build(std::string_view version, std::size_t converters, std::size_t slow_converters);
    void begin_series();

    prometheus::Registry registry_;
    prometheus::Family<prometheus::Counter>& requests_;
    prometheus::Family<prometheus::Counter>& refused_;
    prometheus::Family<prometheus::Counter>& over_limit_;
    prometheus::Family<prometheus::Counter>& conversions_;
    prometheus::Family<prometheus::Counter>& uploads_;
    prometheus::Family<prometheus::Counter>& replaced_;
    prometheus::Family<prometheus::Gauge>& sandbox_;
    prometheus::Family<prometheus::Counter>& lookups_;
    prometheus::Family<prometheus::Counter>& results_;
    prometheus::Family<prometheus::Gauge>& disk_free_;
    prometheus::Family<prometheus::Histogram>& stages_;
    prometheus::Counter& upload_bytes_;
    prometheus::Counter& quarantined_;
    prometheus::Counter& quarantine_refused_;
    prometheus::Counter& expired_;
    prometheus::Family<prometheus::Gauge>& storage_tasks_;
    prometheus::Gauge& redis_up_;
    prometheus::Gauge& connections_;
    prometheus::Family<prometheus::Counter>& admission_refused_;
    prometheus::Family<prometheus::Gauge>& queue_depth_;
    prometheus::Family<prometheus::Gauge>& busy_;
    prometheus::Family<prometheus::Histogram>& queue_wait_;
    prometheus::Counter& interims_;
    prometheus::Counter& fallbacks_;
    prometheus::Counter& evicted_;
    prometheus::Gauge& results_bytes_;
    prometheus::Histogram& queue_stage_;
    prometheus::Histogram& storage_stage_;
    prometheus::Histogram& decode_encode_stage_;
    prometheus::Histogram& total_stage_;
};

// The pool's reports: into the metrics, and a converter's end into the log as well.
class PoolReports final : public PoolObserver {
  public:
    PoolReports(Metrics& metrics, Log& log) : metrics_(metrics), log_(log) {}

    void on_queued(Lane lane, std::size_t waiting) override { metrics_.set_queue_depth(lane, waiting); }
    void on_queue_wait(Lane lane, std::chrono::duration<double> waited) override {
        metrics_.on_queue_wait(lane, waited.count());
    }
    void on_busy(Group group, std::size_t busy) override { metrics_.set_busy_converters(group, busy); }
    void on_refused(std::string_view reason) override { metrics_.on_admission_refused(reason); }
    void on_job(std::string_view format, std::string_view result, std::chrono::duration<double> took) override {
        metrics_.on_conversion(format, result, took.count());
    }
    void on_sandbox(ConverterKind kind, SandboxLayers layers) override;
    void on_converter_replaced(std::string_view reason, std::string_view detail) override;

  private:
    Metrics& metrics_;
    Log& log_;
};

// The quarantine's reports: into the metrics, and with the picture's digest into the log.
class QuarantineReports final : public QuarantineObserver {
  public:
    QuarantineReports(Metrics& metrics, Log& log) : metrics_(metrics), log_(log) {}

    void on_quarantined(const QuarantineRecord& record) override;
    void on_quarantine_refused() override { metrics_.on_quarantine_refused(); }
    void on_strike_lost(const std::string& digest, std::string_view why) override;

  private:
    Metrics& metrics_;
    Log& log_;
};

}  // namespace thumbgate
