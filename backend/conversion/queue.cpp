#include "backend/conversion/queue.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace thumbgate {

namespace asio = boost::asio;

void JobQueue::start_waiting(const JobPtr& job) {
    job->queued_at = std::chrono::steady_clock::now();
    job->news.expires_at(job->queued_at + patience_);
}

void JobQueue::push(const JobPtr& job) {
    start_waiting(job);
    jobs_.push_back(job);
}

void JobQueue::push_first(const JobPtr& job) {
    start_waiting(job);
    jobs_.push_front(job);
}

JobPtr JobQueue::take() {
    if (jobs_.empty()) return nullptr;
    JobPtr job = std::move(jobs_.front());
    jobs_.pop_front();
    job->news.expires_at(Deadline::max());
    return job;
}

bool JobQueue::remove(const JobPtr& job) {
    return std::erase(jobs_, job) > 0;
}

asio::awaitable<Result<Answer>> JobQueue::wait_for(JobPtr job) {
    // A caller that is destroyed or cancelled takes its job out of the queue.
    struct GiveUp {
        JobQueue& queue;
        const JobPtr& job;
        ~GiveUp() {
            if (!job->answer) queue.remove(job);
        }
    };
    const GiveUp give_up{*this, job};
    const auto& answer = job->answer;
    while (!answer) {
        boost::system::error_code cancelled;
        co_await job->news.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        // The timer may have expired in the moment in which the job was taken or finished.
        if (!cancelled && !answer && remove(job)) {
            finish(*job, fail_unavailable("queue_timeout", "Too many pictures are waiting to be converted."));
        }
    }
    co_return std::move(*job->answer);
}

void JobQueue::finish(Job& job, Result<Answer> answer) {
    if (job.answer) return;
    job.answer = std::move(answer);
    job.news.cancel();
}

void JobQueue::refuse_all(const Error& error) {
    for (const JobPtr& job : std::exchange(jobs_, {})) finish(*job, std::unexpected(error));
}

}  // namespace thumbgate
