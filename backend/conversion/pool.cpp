#include "backend/conversion/pool.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <utility>

#include "backend/conversion/engine.hpp"
#include "backend/conversion/job.hpp"

namespace thumbgate {
namespace {

namespace asio = boost::asio;

class Pool final : public ConverterPool {
  public:
    explicit Pool(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool() override { engine_->stop(); }

    asio::awaitable<Result<Picture>> convert(UniqueFd source, Conversion conversion, JobTerms terms) override {
        const auto engine = engine_;
        const JobRequest request = convert_request(engine->config(), conversion);
        auto answer = co_await engine->submit(request, std::move(source), std::move(terms));
        if (!answer) co_return std::unexpected(std::move(answer.error()));
        co_return read_output(answer->output, answer->reply);
    }

    asio::awaitable<Result<PictureFacts>> inspect(UniqueFd source, JobTerms terms) override {
        const auto engine = engine_;
        const JobRequest request = inspect_request(engine->config());
        auto answer = co_await engine->submit(request, std::move(source), std::move(terms));
        if (!answer) co_return std::unexpected(std::move(answer.error()));
        const JobReply& reply = answer->reply;
        co_return PictureFacts{.format = reply.source_format,
                               .width = reply.width,
                               .height = reply.height,
                               .has_alpha = reply.has_alpha,
                               .frames = reply.frames,
                               .orientation = reply.orientation,
                               .dominant_colour = reply.dominant_colour,
                               .thumbhash = reply.thumbhash};
    }

    void stop() override { engine_->stop(); }

  private:
    std::shared_ptr<Engine> engine_;
};

}  // namespace

std::string_view name(Lane lane) {
    constexpr std::array<std::string_view, 4> kNames{"interactive", "upload", "background", "check"};
    return kNames.at(static_cast<std::size_t>(lane));
}

std::string_view name(Group group) {
    return group == Group::slow ? "slow" : "fast";
}

Result<std::unique_ptr<ConverterPool>> ConverterPool::start(asio::any_io_executor executor, PoolConfig config,
                                                            PoolObserver& observer) {
    const auto engine = std::make_shared<Engine>(std::move(executor), std::move(config), observer);
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
    return std::make_unique<Pool>(engine);
}

}  // namespace thumbgate
