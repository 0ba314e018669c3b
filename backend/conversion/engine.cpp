#include "backend/conversion/engine.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <string>
#include <utility>

#include "backend/conversion/job.hpp"
#include "backend/converter/channel.hpp"

namespace thumbgate {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPrepareTimeout{30};  // of the zygote and the first converters
constexpr std::chrono::seconds kHireTimeout{5};      // of one converter, which takes 50 ms on an idle machine

Error stopping() {
    return fail_unavailable("stopping", "The service is about to stop.").error();
}

Error no_converters() {
    return fail_unavailable(std::string(kConvertersDown), "No picture can be converted at the moment.").error();
}

Error queue_full() {
    return fail_unavailable("queue_full", "Too many pictures are waiting to be converted.").error();
}

}  // namespace

Engine::Engine(asio::any_io_executor executor, PoolConfig config, PoolObserver& observer)
    : executor_(std::move(executor)),
      config_(std::move(config)),
      observer_(&observer),
      queue_(config_.queue_timeout),
      keeper_(executor_, config_.program, *this) {}

asio::awaitable<Result<void>> Engine::prepare() {
    const Deadline deadline = after(kPrepareTimeout);
    auto zygote = co_await Zygote::start(config_.program, deadline);
    if (!zygote) co_return std::unexpected(std::move(zygote.error()));
    for (unsigned i = 0; i < config_.converters; ++i) {
        auto converter = co_await Converter::hire(zygote->control(), deadline);
        if (!converter) co_return std::unexpected(std::move(converter.error()));
        auto worker = std::make_unique<Worker>(executor_);
        worker->converter = std::make_unique<Converter>(Converter::moved_to(executor_, std::move(*converter)));
        workers_.push_back(std::move(worker));
    }
    keeper_.adopt(std::move(*zygote));
    co_return Result<void>{};
}

void Engine::run() {
    asio::co_spawn(executor_, keep_zygote(shared_from_this()), asio::detached);
    for (const auto& worker : workers_) asio::co_spawn(executor_, work(shared_from_this(), *worker), asio::detached);
}

void Engine::stop() {
    if (!is_running()) return;
    observer_ = nullptr;
    queue_.refuse_all(stopping());
    for (const auto& worker : workers_) {
        worker->pause.cancel();
        if (worker->converter) worker->converter->socket().cancel();
    }
    keeper_.stop();
}

// --- callers

std::optional<Error> Engine::refusal() const {
    if (!is_running()) return stopping();
    if (keeper_.fails()) return no_converters();
    const auto is_idle = [](const auto& worker) { return worker->is_idle; };
    const auto idle_workers = static_cast<std::size_t>(std::ranges::count_if(workers_, is_idle));
    if (queue_.size() >= config_.max_queue + idle_workers) return queue_full();
    return std::nullopt;
}

asio::awaitable<Result<Answer>> Engine::submit(JobRequest request, UniqueFd source) {
    const auto self = shared_from_this();
    if (auto refused = refusal()) co_return std::unexpected(std::move(*refused));
    const auto job = std::make_shared<Job>(executor_, request, std::move(source));
    queue_.push(job);
    observer_->on_queued(queue_.size());
    call_idle_worker();
    auto answer = co_await queue_.wait_for(job);
    if (is_running()) observer_->on_queued(queue_.size());
    co_return answer;
}

void Engine::call_idle_worker() {
    const auto can_come = [](const auto& worker) { return worker->is_idle && !worker->is_called; };
    const auto found = std::ranges::find_if(workers_, can_come);
    if (found == workers_.end()) return;
    (*found)->is_called = true;
    (*found)->converter->socket().cancel();
}

// --- the zygote

asio::awaitable<void> Engine::keep_zygote(std::shared_ptr<Engine> self) {
    co_await self->keeper_.keep();
}

void Engine::on_zygote_ended() {
    observer_->on_converter_replaced("zygote");
}

void Engine::on_zygote_started() {
    for (const auto& worker : workers_) worker->pause.cancel();
}

void Engine::on_zygote_failed(const Error& error) {
    queue_.refuse_all(error);
}

// --- workers

asio::awaitable<void> Engine::work(std::shared_ptr<Engine> self, Worker& worker) {
    while (self->is_running()) {
        if (!worker.converter) {
            co_await staff(worker);
        } else if (JobPtr job = queue_.take()) {
            co_await serve(worker, std::move(job));
        } else {
            co_await idle(worker);
        }
    }
    worker.converter.reset();
}

asio::awaitable<void> Engine::staff(Worker& worker) {
    const Zygote* zygote = keeper_.zygote();
    if (zygote == nullptr) co_return co_await sleep(worker.pause, kHireTimeout);
    auto converter = co_await Converter::hire(zygote->control(), after(kHireTimeout));
    if (!is_running()) co_return;
    if (converter) {
        worker.converter = std::make_unique<Converter>(std::move(*converter));
        worker.jobs_done = 0;
        worker.pauses.reset();
        co_return;
    }
    // A zygote that does not listen is stuck for every worker.
    if (converter.error().code == kNoAnswer && keeper_.zygote() != nullptr) keeper_.zygote()->kill();
    co_await sleep(worker.pause, worker.pauses.next());
}

asio::awaitable<void> Engine::idle(Worker& worker) {
    worker.is_idle = true;
    const Waited waited = co_await wait_readable(worker.converter->socket(), Deadline::max());
    worker.is_idle = worker.is_called = false;
    if (!is_running() || waited != Waited::ready) co_return;
    replace(worker, "crash");  // it has nothing to say without a job: it is gone
    if (queue_.size() > 0) call_idle_worker();
}

asio::awaitable<void> Engine::serve(Worker& worker, JobPtr job) {
    const auto started = Clock::now();
    observer_->on_queued(queue_.size());
    observer_->on_queue_wait(started - job->queued_at);
    Answer answer{};
    if (job->request.kind == JobKind::convert) {
        auto output = make_output(job->request.max_output_bytes);
        if (!output) co_return JobQueue::finish(*job, std::unexpected(std::move(output.error())));
        answer.output = std::move(*output);
    }
    job->started_at = started;
    observer_->on_busy(++busy_);
    const Ending ending = co_await attempt(worker, *job, answer);
    --busy_;
    if (!is_running()) co_return JobQueue::finish(*job, std::unexpected(stopping()));
    observer_->on_busy(busy_);
    conclude(worker, job, ending, std::move(answer));
}

asio::awaitable<Engine::Ending> Engine::attempt(Worker& worker, const Job& job, Answer& answer) const {
    auto& socket = worker.converter->socket();
    const std::array<int, 2> descriptors{job.source.get(), answer.output.get()};
    const std::span sent(descriptors.data(), answer.output ? 2 : 1);
    if (!send_message(socket.native_handle(), bytes_of(job.request), sent, MSG_DONTWAIT)) co_return Ending::crashed;
    const Deadline deadline = after(config_.job_timeout);
    while (true) {
        const Waited waited = co_await wait_readable(socket, deadline);
        if (waited != Waited::ready) co_return waited == Waited::timed_out ? Ending::timed_out : Ending::crashed;
        std::array<std::byte, sizeof(JobReply)> bytes{};
        const Received received = receive_message(socket.native_handle(), bytes, MSG_DONTWAIT);
        if (received.size < 0 && errno == EAGAIN) continue;
        if (received.size < 0 && errno == EMSGSIZE) co_return Ending::lied;
        if (received.size <= 0) co_return Ending::crashed;
        const auto reply = check_reply(job.request, std::span(bytes).first(static_cast<std::size_t>(received.size)));
        if (!reply) co_return Ending::lied;
        answer.reply = *reply;
        co_return Ending::answered;
    }
}

void Engine::conclude(Worker& worker, const JobPtr& job, Ending ending, Answer answer) {
    if (ending != Ending::answered) {
        replace(worker, name(ending));
    } else if (++worker.jobs_done >= config_.jobs_per_converter) {
        replace(worker, "retired");
    }
    if (ending == Ending::crashed && !std::exchange(job->was_tried, true)) {
        queue_.push_first(job);
        observer_->on_queued(queue_.size());
        return call_idle_worker();
    }
    observer_->on_job(label(job->request), metric_of(ending, answer.reply), Clock::now() - job->started_at);
    JobQueue::finish(*job, result_of(ending, std::move(answer)));
}

Result<Answer> Engine::result_of(Ending ending, Answer answer) const {
    switch (ending) {
        case Ending::answered:
            if (answer.reply.outcome == Outcome::ok) return answer;
            return std::unexpected(error_of(answer.reply, config_));
        case Ending::timed_out:
            return std::unexpected(timeout_error(config_));
        case Ending::crashed:
        case Ending::lied:
            break;
    }
    return std::unexpected(crash_error("converter: " + std::string(name(ending))));
}

void Engine::replace(Worker& worker, std::string_view reason) {
    worker.converter.reset();
    observer_->on_converter_replaced(reason);
}

std::string_view Engine::metric_of(Ending ending, const JobReply& reply) {
    if (ending == Ending::answered) return thumbgate::name(reply.outcome);
    return ending == Ending::timed_out ? "timeout" : "crash";
}

std::string_view Engine::name(Ending ending) {
    constexpr std::array<std::string_view, 4> kNames{"ok", "crash", "timeout", "invalid_reply"};
    return kNames.at(static_cast<std::size_t>(ending));
}

}  // namespace thumbgate
