#include "backend/conversion/queue.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace thumbgate {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSoonest{1};  // that a refused client is asked to come again
constexpr std::chrono::seconds kLatest{30};

SchedulerRules rules_of(const PoolConfig& config, unsigned converters) {
    return {.converters = converters,
            .max_waiting = config.max_queue,
            .max_wait = config.queue_timeout,
            .max_job = config.job_timeout,
            .overload_wait = config.overload_wait};
}

std::string message_of(RejectionReason reason) {
    if (reason == RejectionReason::deadline_passed) return "The request came too late to be answered in time.";
    return "Too many pictures are waiting to be converted.";
}

}  // namespace

Error error_of(const Rejection& rejection) {
    const auto wait = std::clamp(std::chrono::ceil<std::chrono::seconds>(rejection.wait), kSoonest, kLatest);
    return fail_unavailable(std::string(name(rejection.reason)), message_of(rejection.reason), {}, wait).error();
}

JobQueue::JobQueue(const PoolConfig& config)
    : schedulers_{Scheduler(rules_of(config, config.converters)), Scheduler(rules_of(config, config.slow_converters))} {
}

std::size_t JobQueue::size(Lane lane) const {
    std::size_t count = 0;
    for (const Scheduler& scheduler : schedulers_) count += scheduler.waiting(lane);
    return count;
}

std::optional<Rejection> JobQueue::refuse(const Job& job) const {
    return of(job.group).refuse(job, Clock::now());
}

void JobQueue::push(const JobPtr& job) {
    job->queued_at = Clock::now();
    of(job->group).put(job, job->queued_at);
    siblings_in(job->group).add(job->request);
    job->news.expires_at(job->start_by);
}

void JobQueue::push_first(const JobPtr& job) {
    job->queued_at = Clock::now();
    of(job->group).put_first(job, job->queued_at);
    siblings_in(job->group).add(job->request);
    job->news.expires_at(job->start_by);
}

JobPtr JobQueue::take(Group group) {
    auto job = std::static_pointer_cast<Job>(of(group).take(Clock::now()));
    if (!job) return job;
    job->news.expires_at(job->deadline);
    siblings_in(group).remove(job->request);
    job->request.siblings_side = siblings_in(group).longest_side(job->request.source_digest);
    return job;
}

bool JobQueue::remove(const JobPtr& job) {
    if (!of(job->group).remove(job)) return false;
    siblings_in(job->group).remove(job->request);
    return true;
}

void JobQueue::ended(const JobPtr& job) {
    of(job->group).ended(job);
}

asio::awaitable<Result<Answer>> JobQueue::wait_for(JobPtr job) {
    // A caller that is destroyed or cancelled takes its job out of the queue.
    struct GiveUp {
        JobQueue& queue;
        const JobPtr& job;
        ~GiveUp() {
            if (job->answer) return;
            job->is_given_up = true;
            queue.remove(job);
        }
    };
    const GiveUp give_up{*this, job};
    const auto& answer = job->answer;
    while (!answer) {
        boost::system::error_code cancelled;
        co_await job->news.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        if (!cancelled && !answer) end_of_wait(job);
    }
    co_return std::move(*job->answer);
}

// The timer may have expired in the moment in which the job was taken: then it goes on.
void JobQueue::end_of_wait(const JobPtr& job) {
    if (remove(job)) {
        finish(*job, fail_unavailable(std::string(kQueueTimeout), "Too many pictures are waiting to be converted."));
    } else if (Clock::now() >= job->deadline) {
        finish(*job, fail_unavailable("late", "The picture takes longer to convert than its request may."));
    }
}

void JobQueue::finish(Job& job, Result<Answer> answer) {
    if (job.answer) return;
    job.answer = std::move(answer);
    job.news.cancel();
}

void JobQueue::refuse_all(const Error& error) {
    for (Scheduler& scheduler : schedulers_) {
        for (const TicketPtr& job : scheduler.remove_all()) {
            finish(static_cast<Job&>(*job), std::unexpected(error));
        }
    }
    siblings_ = {};
}

}  // namespace thumbgate
