#include "backend/conversion/engine.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <string>
#include <utility>

#include "backend/client_address.hpp"
#include "backend/conversion/job.hpp"
#include "backend/converter/channel.hpp"
#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPrepareTimeout{30};  // of the zygote and the first converters
constexpr std::chrono::seconds kHireTimeout{5};      // of one converter, which takes 50 ms on an idle machine
constexpr std::chrono::seconds kEndPatience{2};      // with one that has closed its socket, which is to be its last act
constexpr int kSlowNiceness = 15;                    // 3 % of a core that a fast converter wants, all of it otherwise
constexpr std::uint32_t kUploadSide = 1280;          // pixels of a new photo that pages show at most, usually
constexpr std::chrono::minutes kMaxTimeAtWork{10};   // of one converter; a limit of the kernel's is the last resort

Error stopping() {
    return fail_unavailable("stopping", "The service is about to stop.").error();
}

Error no_converters() {
    return fail_unavailable(std::string(kConvertersDown), "No picture can be converted at the moment.").error();
}

Error starved() {
    return fail_unavailable("starved", "There was too little time for this picture beside others.").error();
}

std::uint8_t niceness(Group group) {
    // Who answers in microseconds goes before all converters where it was given a priority of its own, so that refusals
    // stay quick under overload.
    const int ahead = std::max(-getpriority(PRIO_PROCESS, 0), 0);
    return static_cast<std::uint8_t>(ahead + (group == Group::slow ? kSlowNiceness : 0));
}

ConverterProgram program_of(const PoolConfig& config) {
    return {config.program, config.converter_memory, config.max_output_bytes, config.kind};
}

// Zeros where it is not known.
SourceDigest digest_of(const std::string& hex) {
    SourceDigest digest{};
    const auto bytes = hex_decode(hex);
    if (bytes && bytes->size() == digest.size()) std::copy(bytes->begin(), bytes->end(), digest.begin());
    return digest;
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
      queue_(config_),
      shares_(executor_),
      keeper_(executor_, program_of(config_), *this) {}

asio::awaitable<Result<void>> Engine::prepare() {
    const Deadline deadline = after(kPrepareTimeout);
    auto zygote = co_await Zygote::start(program_of(config_), deadline);
    if (!zygote) co_return std::unexpected(std::move(zygote.error()));
    for (unsigned i = 0; i < config_.converters + config_.slow_converters; ++i) {
        const Group group = i < config_.converters ? Group::fast : Group::slow;
        auto converter = co_await Converter::hire(zygote->control(), niceness(group), deadline);
        if (!converter) co_return std::unexpected(std::move(converter.error()));
        if (!is_running()) co_return std::unexpected(stopping());
        note_sandbox(*converter);
        auto worker = std::make_unique<Worker>(executor_, group);
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

std::optional<Error> Engine::refusal(const Job& job) const {
    if (!is_running()) return stopping();
    if (keeper_.fails()) return no_converters();
    const auto refused = queue_.refuse(job);
    if (!refused) return std::nullopt;
    observer_->on_refused(thumbgate::name(refused->reason));
    return thumbgate::error_of(*refused);
}

JobPtr Engine::make_job(const JobRequest& request, JobInputs inputs, const JobTerms& terms) const {
    auto job = std::make_shared<Job>(executor_, request, std::move(inputs));
    job->request.source_digest = digest_of(terms.digest);
    job->lane = terms.lane;
    job->share = client_network(terms.client).value_or(terms.client);
    job->deadline = terms.deadline;
    job->group = config_.slow_converters == 0 ? Group::fast : group_of(request, terms.lane);
    job->source_bytes = terms.source_bytes;
    job->on_unheard_offence = terms.on_unheard_offence;
    job->cost = costs_.estimate(label(request), job->source_bytes);
    return job;
}

asio::awaitable<Result<Answer>> Engine::submit(JobRequest request, JobInputs inputs, JobTerms terms) {
    const auto self = shared_from_this();
    request.number = ++last_number_;
    const JobPtr job = make_job(request, std::move(inputs), terms);
    if (auto refused = refusal(*job)) co_return std::unexpected(std::move(*refused));
    queue_.push(job);
    report_queue(job->lane);
    call_idle_worker(job->group);
    auto answer = co_await queue_.wait_for(job);
    report_queue(job->lane);
    if (is_running() && !answer && answer.error().code == kQueueTimeout) observer_->on_refused(kQueueTimeout);
    co_return answer;
}

void Engine::call_idle_worker(Group group) {
    const auto can_come = [group](const auto& worker) {
        return worker->group == group && worker->is_idle && !worker->is_called;
    };
    const auto found = std::ranges::find_if(workers_, can_come);
    if (found == workers_.end()) return;
    (*found)->is_called = true;
    (*found)->converter->socket().cancel();
}

void Engine::report_queue(Lane lane) {
    if (is_running()) observer_->on_queued(lane, queue_.size(lane));
}

void Engine::report_busy(Group group, int change) {
    auto& busy = busy_.at(static_cast<std::size_t>(group));
    busy += static_cast<std::size_t>(change);
    if (is_running()) observer_->on_busy(group, busy);
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
        } else if (JobPtr job = queue_.take(worker.group)) {
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
    auto converter = co_await Converter::hire(zygote->control(), niceness(worker.group), after(kHireTimeout));
    if (!is_running()) co_return;
    if (converter) {
        note_sandbox(*converter);
        worker.converter = std::make_unique<Converter>(std::move(*converter));
        worker.jobs_done = 0;
        worker.time_at_work = {};
        worker.pauses.reset();
        co_return;
    }
    // A zygote that does not listen is stuck for every worker.
    if (converter.error().code == kNoAnswer && keeper_.zygote() != nullptr) keeper_.zygote()->kill();
    co_await sleep(worker.pause, worker.pauses.next());
}

void Engine::note_sandbox(const Converter& converter) {
    if (layers_ == converter.layers()) return;
    layers_ = converter.layers();
    observer_->on_sandbox(config_.kind, *layers_);
}

asio::awaitable<void> Engine::idle(Worker& worker) {
    worker.is_idle = true;
    const Waited waited = co_await wait_readable(worker.converter->socket(), Deadline::max());
    worker.is_idle = worker.is_called = false;
    if (!is_running() || waited != Waited::ready) co_return;
    const Loss loss = co_await look_into(worker, Ending::never_begun);
    if (!is_running()) co_return;
    replace(worker, loss);
    if (queue_.size(worker.group) > 0) call_idle_worker(worker.group);
}

asio::awaitable<void> Engine::serve(Worker& worker, JobPtr job) {
    job->started_at = Clock::now();
    report_queue(job->lane);
    observer_->on_queue_wait(job->lane, job->started_at - job->queued_at);
    Answer answer{};
    if (job->request.kind == JobKind::convert) {
        auto output = make_output(job->request.max_output_bytes);
        if (!output) {
            queue_.ended(job);
            co_return JobQueue::finish(*job, std::unexpected(std::move(output.error())));
        }
        answer.output = std::move(*output);
    }
    report_busy(worker.group, +1);
    const Ending ending = co_await attempt(worker, *job, answer);
    // It may have gone in the middle of it.
    if (ending != Ending::answered) shares_.forget(job->request.source_digest);
    const Loss loss = co_await look_into(worker, ending);
    queue_.ended(job);
    report_busy(worker.group, -1);
    if (!is_running()) co_return JobQueue::finish(*job, std::unexpected(stopping()));
    worker.time_at_work += Clock::now() - job->started_at;
    if (ending == Ending::answered) co_return conclude(worker, job, std::move(answer));
    conclude_lost(worker, job, ending, loss);
}

// The pixels of a source that is asked for in several sizes are shared. Whoever uploads a photo wants to see it next:
// its pixels are there already then, unless somebody has to wait for that.
std::shared_ptr<const UniqueFd> Engine::share_pixels(Job& job) {
    JobRequest& request = job.request;
    if (config_.kind == ConverterKind::svg || request.source_digest == SourceDigest{}) return nullptr;
    if (request.kind == JobKind::inspect) request.siblings_side = queue_.size(job.group) == 0 ? kUploadSide : 0;
    auto pixels = request.siblings_side == 0 ? shares_.find(request.source_digest)
                                             : shares_.find_or_make(request.source_digest, request.siblings_side);
    if (!pixels) request.siblings_side = 0;
    request.shares_pixels = pixels != nullptr;
    return pixels;
}

asio::awaitable<Engine::Ending> Engine::attempt(Worker& worker, Job& job, Answer& answer) {
    auto& socket = worker.converter->socket();
    if (has_message(socket)) co_return Ending::never_begun;
    const auto pixels = share_pixels(job);
    const JobFiles files{job.inputs.source.get(), answer.output.get(), job.inputs.watermark.get(),
                         pixels ? pixels->get() : -1};
    if (!send_job(socket.native_handle(), job.request, files, MSG_DONTWAIT)) co_return Ending::never_begun;
    const Deadline deadline = after(config_.job_timeout);
    const auto processor_time = worker.converter->processor_time();
    while (true) {
        const Waited waited = co_await wait_readable(socket, deadline);
        if (waited == Waited::timed_out) co_return overrun_of(worker, processor_time);
        if (waited != Waited::ready) co_return Ending::gone;
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

// A slow converter gives way to all others, and any converter waits where the disk that holds the source is slow: one
// that hardly used a processor says nothing about the picture.
Engine::Ending Engine::overrun_of(const Worker& worker, std::chrono::nanoseconds processor_time_before) const {
    const auto used = worker.converter->processor_time() - processor_time_before;
    const int share = worker.group == Group::slow ? 2 : 4;
    return used < config_.job_timeout / share ? Ending::starved : Ending::timed_out;
}

asio::awaitable<Engine::Loss> Engine::look_into(Worker& worker, Ending ending) {
    switch (ending) {
        case Ending::answered:
            co_return Loss{};
        case Ending::timed_out:
            co_return Loss{"timeout", "its job took too long", true};
        case Ending::starved:
            co_return Loss{"starved", "its job got too little processor time", false};
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
    ++worker.jobs_done;
    const std::string_view why = why_worn_out(worker, answer.reply);
    if (!why.empty()) replace(worker, {"retired", std::string(why), false});
    learn(*job);
    if (answer.reply.outcome == Outcome::ok) return finish(job, std::move(answer));
    finish(job, std::unexpected(thumbgate::error_of(answer.reply, config_)));
}

void Engine::conclude_lost(Worker& worker, const JobPtr& job, Ending ending, const Loss& loss) {
    replace(worker, loss);
    if (ending == Ending::starved) return finish(job, std::unexpected(starved()));
    if (ending == Ending::timed_out) {
        learn(*job);
        report_if_unheard(*job, Offence::overran);
        return finish(job, std::unexpected(timeout_error(config_)));
    }
    if (!std::exchange(job->was_tried, true) && job->is_wanted()) {
        job->broke_a_converter = loss.is_own_doing;
        queue_.push_first(job);
        report_queue(job->lane);
        return call_idle_worker(job->group);
    }
    const bool is_its_fault = job->broke_a_converter && loss.is_own_doing;
    if (loss.is_own_doing) report_if_unheard(*job, is_its_fault ? Offence::broke_two : Offence::broke_one);
    const std::string detail = "converter: " + loss.detail;
    finish(job, std::unexpected(is_its_fault ? crash_error(detail) : failed_error(detail)));
}

void Engine::report_if_unheard(const Job& job, Offence offence) {
    if (!job.is_wanted() && job.on_unheard_offence) job.on_unheard_offence(offence);
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

void Engine::learn(const Job& job) {
    costs_.learn(label(job.request), job.source_bytes, Clock::now() - job.started_at);
}

// Empty: it is not.
std::string_view Engine::why_worn_out(const Worker& worker, const JobReply& reply) const {
    if (worker.jobs_done >= config_.jobs_per_converter) return "it has done its number of jobs";
    if (worker.time_at_work >= kMaxTimeAtWork) return "it has worked for long";
    if (reply.peak_bytes >= config_.converter_retire_memory) return "it has held much memory";
    return {};
}

}  // namespace thumbgate
