#include "backend/conversion/pool.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <utility>

#include "backend/conversion/engine.hpp"
#include "backend/conversion/job.hpp"
#include "backend/conversion/svg_engine.hpp"

namespace thumbgate {
namespace {

namespace asio = boost::asio;

// The reports of one of two engines, as parts of the whole pool's.
class PartReports final : public PoolObserver {
  public:
    // Jobs that wait by Lane, in each part.
    using Waiting = std::array<std::array<std::size_t, 4>, 2>;

    PartReports(PoolObserver& whole, Waiting& waiting, ConverterKind part)
        : whole_(whole), waiting_(waiting), part_(part) {}

    void on_queued(Lane lane, std::size_t waiting) override {
        const auto column = static_cast<std::size_t>(lane);
        waiting_.at(static_cast<std::size_t>(part_)).at(column) = waiting;
        whole_.on_queued(lane, waiting_[0].at(column) + waiting_[1].at(column));
    }
    void on_queue_wait(Lane lane, std::chrono::duration<double> waited) override { whole_.on_queue_wait(lane, waited); }
    void on_busy(Group group, std::size_t busy) override {
        whole_.on_busy(part_ == ConverterKind::svg ? Group::svg : group, busy);
    }
    void on_refused(std::string_view reason) override { whole_.on_refused(reason); }
    void on_job(std::string_view format, std::string_view result, std::chrono::duration<double> took) override {
        whole_.on_job(format, result, took);
    }
    void on_sandbox(ConverterKind kind, SandboxLayers layers) override { whole_.on_sandbox(kind, layers); }
    void on_converter_replaced(std::string_view reason, std::string_view detail) override {
        whole_.on_converter_replaced(reason, detail);
    }

  private:
    PoolObserver& whole_;
    Waiting& waiting_;
    ConverterKind part_;
};

Result<JobInputs> inputs_of(UniqueFd source, const Conversion& conversion, const PoolConfig& config, bool is_svg) {
    JobInputs inputs{std::move(source), {}};
    if (!asks_for_watermark(conversion)) return inputs;
    if (!config.watermark) return no_watermark();
    // Who draws SVG decodes no other format of strangers, and of its own but this one.
    if (is_svg && config.watermark->picture().format() != SourceFormat::png) return no_watermark_for_svg();
    inputs.watermark = config.watermark->picture().open();
    if (!inputs.watermark) return std::unexpected(failed_error("the watermark cannot be opened"));
    return inputs;
}

class Pool final : public ConverterPool {
  public:
    Pool(const asio::any_io_executor& executor, const PoolConfig& config, PoolObserver& observer)
        : reports_(observer, waiting_, ConverterKind::raster),
          svg_reports_(observer, waiting_, ConverterKind::svg),
          engine_(std::make_shared<Engine>(executor, config, reports_)),
          svg_(executor, config, svg_reports_) {}
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool() override { engine_->stop(); }

    const std::shared_ptr<Engine>& engine() const { return engine_; }

    asio::awaitable<Result<Picture>> convert(UniqueFd source, Conversion conversion, JobTerms terms) override {
        const bool is_svg = terms.is_svg;
        const auto engine = co_await engine_for(terms);
        if (!engine) co_return std::unexpected(engine.error());
        const JobRequest request = convert_request((*engine)->config(), conversion);
        auto inputs = inputs_of(std::move(source), conversion, (*engine)->config(), is_svg);
        if (!inputs) co_return std::unexpected(std::move(inputs.error()));
        auto answer = co_await (*engine)->submit(request, std::move(*inputs), std::move(terms));
        if (!answer) co_return std::unexpected(std::move(answer.error()));
        co_return read_output(answer->output, answer->reply);
    }

    asio::awaitable<Result<PictureFacts>> inspect(UniqueFd source, JobTerms terms) override {
        const bool is_svg = terms.is_svg;
        const auto engine = co_await engine_for(terms);
        if (!engine) co_return std::unexpected(engine.error());
        const JobRequest request = inspect_request((*engine)->config());
        JobInputs inputs{std::move(source), {}};
        auto answer = co_await (*engine)->submit(request, std::move(inputs), std::move(terms));
        if (!answer) co_return std::unexpected(std::move(answer.error()));
        const JobReply& reply = answer->reply;
        // What it says decides where later jobs run.
        if ((reply.source_format == SourceFormat::svg) != is_svg) {
            co_return std::unexpected(crash_error("a format that its kind of converter does not read"));
        }
        co_return PictureFacts{.format = reply.source_format,
                               .width = reply.width,
                               .height = reply.height,
                               .has_alpha = reply.has_alpha,
                               .frames = reply.frames,
                               .orientation = reply.orientation,
                               .dominant_colour = reply.dominant_colour,
                               .thumbhash = reply.thumbhash};
    }

    void stop() override {
        engine_->stop();
        svg_.stop();
    }

  private:
    asio::awaitable<Result<std::shared_ptr<Engine>>> engine_for(const JobTerms& terms) {
        if (!terms.is_svg) co_return engine_;
        co_return co_await svg_.get(terms.deadline);
    }

    PartReports::Waiting waiting_{};
    PartReports reports_;
    PartReports svg_reports_;
    std::shared_ptr<Engine> engine_;
    SvgEngine svg_;
};

}  // namespace

std::string_view name(Lane lane) {
    constexpr std::array<std::string_view, 4> kNames{"interactive", "upload", "background", "check"};
    return kNames.at(static_cast<std::size_t>(lane));
}

std::string_view name(Group group) {
    constexpr std::array<std::string_view, 3> kNames{"fast", "slow", "svg"};
    return kNames.at(static_cast<std::size_t>(group));
}

Result<std::unique_ptr<ConverterPool>> ConverterPool::start(const asio::any_io_executor& executor,
                                                            const PoolConfig& config, PoolObserver& observer) {
    auto pool = std::make_unique<Pool>(executor, config, observer);
    const std::shared_ptr<Engine> engine = pool->engine();
    // Blocks until every process is there: nothing else is to be done without them.
    asio::io_context start_up;
    Result<void> prepared;
    asio::co_spawn(start_up, engine->prepare(), [&](const std::exception_ptr& thrown, Result<void> result) {
        if (thrown) std::rethrow_exception(thrown);
        prepared = std::move(result);
    });
    start_up.run();
    if (!prepared) return std::unexpected(std::move(prepared.error()));
    engine->run();
    return pool;
}

}  // namespace thumbgate
