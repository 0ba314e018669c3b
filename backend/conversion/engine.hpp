// What runs behind a ConverterPool: each worker has one converter at a time, takes jobs from its group's queue, and
// replaces the converter when a job broke it or it is worn out. Coroutines keep the engine alive until they have
// noticed stop(). Not thread-safe: everything runs on one executor.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/conversion/cost_model.hpp"
#include "backend/conversion/pauses.hpp"
#include "backend/conversion/pixel_shares.hpp"
#include "backend/conversion/pool.hpp"
#include "backend/conversion/process.hpp"
#include "backend/conversion/queue.hpp"
#include "backend/conversion/zygote_keeper.hpp"

namespace thumbgate {

class Engine final : public std::enable_shared_from_this<Engine>, private ZygoteListener {
  public:
    Engine(boost::asio::any_io_executor executor, PoolConfig config, PoolObserver& observer);

    // Starts every process. May run on another executor than the engine's; call run() when it is through. An error also
    // where stop() is called meanwhile.
    boost::asio::awaitable<Result<void>> prepare();
    void run();

    boost::asio::awaitable<Result<Answer>> submit(JobRequest request, JobInputs inputs, JobTerms terms);

    // The observer is not called any more.
    void stop();

    const PoolConfig& config() const { return config_; }

  private:
    enum class Ending { answered, gone, timed_out, starved, lied, never_begun };

    // Why a converter is given up.
    struct Loss {
        std::string_view reason;  // for the metrics
        std::string detail;       // for the log
        bool is_own_doing;        // it, and so perhaps its job, is to blame
    };

    struct Worker {
        Worker(const boost::asio::any_io_executor& executor, Group in) : group(in), pause(executor) {}

        Group group;
        std::unique_ptr<Converter> converter;  // null while there is none
        unsigned jobs_done = 0;                // by this converter
        Deadline::duration time_at_work{};     // of this converter
        bool is_idle = false;                  // waits on its socket for nothing but the converter's end
        bool is_called = false;                // idle, and on its way to the queue
        Pauses pauses;
        boost::asio::steady_timer pause;  // cancelled when there is a zygote again
    };

    bool is_running() const { return observer_ != nullptr; }
    std::optional<Error> refusal(const Job& job) const;
    JobPtr make_job(const JobRequest& request, JobInputs inputs, const JobTerms& terms) const;
    void call_idle_worker(Group group);
    void report_queue(Lane lane);
    void report_busy(Group group, int change);

    boost::asio::awaitable<void> keep_zygote(std::shared_ptr<Engine> self);
    void on_zygote_ended() override;
    void on_zygote_started() override;
    void on_zygote_failed(const Error& error) override;

    boost::asio::awaitable<void> work(std::shared_ptr<Engine> self, Worker& worker);
    boost::asio::awaitable<void> staff(Worker& worker);
    void note_sandbox(const Converter& converter);
    boost::asio::awaitable<void> idle(Worker& worker);
    boost::asio::awaitable<void> serve(Worker& worker, JobPtr job);
    std::shared_ptr<const UniqueFd> share_pixels(Job& job);
    boost::asio::awaitable<Ending> attempt(Worker& worker, Job& job, Answer& answer);
    Ending overrun_of(const Worker& worker, std::chrono::nanoseconds processor_time_before) const;
    static boost::asio::awaitable<Loss> look_into(Worker& worker, Ending ending);
    void conclude(Worker& worker, const JobPtr& job, Answer answer);
    void conclude_lost(Worker& worker, const JobPtr& job, Ending ending, const Loss& loss);
    static void report_if_unheard(const Job& job, Offence offence);
    void finish(const JobPtr& job, Result<Answer> result);
    void replace(Worker& worker, const Loss& loss);
    void learn(const Job& job);
    std::string_view why_worn_out(const Worker& worker, const JobReply& reply) const;

    boost::asio::any_io_executor executor_;
    PoolConfig config_;
    PoolObserver* observer_;  // null when stopped
    JobQueue queue_;
    CostModel costs_;
    PixelShares shares_;
    ZygoteKeeper keeper_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::optional<SandboxLayers> layers_;  // as reported
    std::array<std::size_t, 2> busy_{};    // by Group
    std::uint64_t last_number_ = 0;        // of a job
};

}  // namespace thumbgate
