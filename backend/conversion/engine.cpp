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
constexpr std::chrono::seconds kEndPatience{2};      // with one that has closed its socket, which is to be its last act

Error stopping() {
    return fail_unavailable("stopping", "The service is about to stop.").error();
}

Error no_converters() {
    return fail_unavailable(std::string(kConvertersDown), "No picture can be converted at the moment.").error();
}

Error queue_full() {
    return fail_unavailable("queue_full", "Too many pictures are waiting to be converted.").error();
}

bool has_message(asio::posix::stream_descriptor& socket) {
    std::byte first{};
    return recv(socket.native_handle(), &first, sizeof first, MSG_PEEK | MSG_DONTWAIT) > 0;
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
    request.number = ++last_number_;
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
    observer_->on_converter_replaced("zygote", "the zygote ended");
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
    const Loss loss = co_await look_into(worker, Ending::never_begun);
    if (!is_running()) co_return;
    replace(worker, loss);
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
    const Loss loss = co_await look_into(worker, ending);
    --busy_;
    if (!is_running()) co_return JobQueue::finish(*job, std::unexpected(stopping()));
    observer_->on_busy(busy_);
    if (ending == Ending::answered) co_return conclude(worker, job, std::move(answer));
    conclude_lost(worker, job, ending, loss);
}

asio::awaitable<Engine::Ending> Engine::attempt(Worker& worker, const Job& job, Answer& answer) const {
    auto& socket = worker.converter->socket();
    if (has_message(socket)) co_return Ending::never_begun;
    const std::array<int, 2> descriptors{job.source.get(), answer.output.get()};
    const std::span sent(descriptors.data(), answer.output ? 2 : 1);
    if (!send_message(socket.native_handle(), bytes_of(job.request), sent, MSG_DONTWAIT)) co_return Ending::never_begun;
    const Deadline deadline = after(config_.job_timeout);
    while (true) {
        const Waited waited = co_await wait_readable(socket, deadline);
        if (waited != Waited::ready) co_return waited == Waited::timed_out ? Ending::timed_out : Ending::gone;
        std::array<std::byte, sizeof(JobReply)> bytes{};
        const Received received = receive_message(socket.native_handle(), bytes, MSG_DONTWAIT);
        if (received.size < 0 && errno == EAGAIN) continue;
        if (received.size < 0 && errno == EMSGSIZE) co_return Ending::lied;
        if (received.size <= 0) co_return Ending::gone;
        if (received.descriptor_count() > 0) co_return Ending::lied;  // and they are closed here
        const auto reply = check_reply(job.request, std::span(bytes).first(static_cast<std::size_t>(received.size)));
        if (!reply) co_return Ending::lied;
        answer.reply = *reply;
        co_return Ending::answered;
    }
}

asio::awaitable<Engine::Loss> Engine::look_into(Worker& worker, Ending ending) {
    switch (ending) {
        case Ending::answered:
            co_return Loss{};
        case Ending::timed_out:
            co_return Loss{"timeout", "its job took too long", true};
        case Ending::lied:
            co_return Loss{"invalid_reply", "it said what no converter says", true};
        case Ending::gone:
        case Ending::never_begun:
            break;
    }
    if (has_message(worker.converter->socket())) co_return Loss{"invalid_reply", "it spoke without a job", false};
    const ConverterEnd end = co_await worker.converter->ended(after(kEndPatience));
    co_return Loss{reason(end), describe(end), ending == Ending::gone && is_own_doing(end)};
}

void Engine::conclude(Worker& worker, const JobPtr& job, Answer answer) {
    if (++worker.jobs_done >= config_.jobs_per_converter) {
        replace(worker, {"retired", "it has done its number of jobs", false});
    }
    if (answer.reply.outcome == Outcome::ok) return finish(job, std::move(answer));
    finish(job, std::unexpected(error_of(answer.reply, config_)));
}

void Engine::conclude_lost(Worker& worker, const JobPtr& job, Ending ending, const Loss& loss) {
    replace(worker, loss);
    if (ending == Ending::timed_out) return finish(job, std::unexpected(timeout_error(config_)));
    if (!std::exchange(job->was_tried, true)) {
        job->broke_a_converter = loss.is_own_doing;
        queue_.push_first(job);
        observer_->on_queued(queue_.size());
        return call_idle_worker();
    }
    const bool is_its_fault = job->broke_a_converter && loss.is_own_doing;
    const std::string detail = "converter: " + loss.detail;
    finish(job, std::unexpected(is_its_fault ? crash_error(detail) : failed_error(detail)));
}

void Engine::finish(const JobPtr& job, Result<Answer> result) {
    const std::string outcome = result ? "ok" : result.error().code;
    observer_->on_job(label(job->request), outcome, Clock::now() - job->started_at);
    JobQueue::finish(*job, std::move(result));
}

void Engine::replace(Worker& worker, const Loss& loss) {
    worker.converter.reset();
    observer_->on_converter_replaced(loss.reason, loss.detail);
}

}  // namespace thumbgate
