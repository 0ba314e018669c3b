#include "backend/storage/storage_threads.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::seconds kRetryAfter(5);

std::unexpected<Error> timed_out(std::string detail) {
    return fail_unavailable("storage_timeout", "The storage does not answer at the moment; try again later.",
                            std::move(detail), kRetryAfter);
}

std::unexpected<Error> refused(TaskQueue::Refusal refusal) {
    switch (refusal) {
        case TaskQueue::Refusal::full:
            return fail_unavailable("storage_busy", "Too many requests wait for the storage; try again in a moment.");
        case TaskQueue::Refusal::stuck:
            return timed_out("every thread of the storage is stuck");
        case TaskQueue::Refusal::closed:
            break;
    }
    return fail_unavailable("stopping", "The service is stopping; try again in a moment.");
}

// A caller that goes, also by being destroyed, gives its call up.
class Caller {
  public:
    Caller(TaskQueue& queue, Call& call, asio::steady_timer& timer) : queue_(queue), call_(call) {
        call.arrival()->timer = &timer;
    }
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;
    ~Caller() {
        call_.arrival()->timer = nullptr;
        if (!call_.arrival()->happened) queue_.give_up(call_);
    }

  private:
    TaskQueue& queue_;
    Call& call_;
};

}  // namespace

// Without memory to post with, the caller would wait for ever: the process ends instead.
// NOLINTNEXTLINE(bugprone-exception-escape)
void Call::finish(bool wanted) noexcept {
    if (!wanted) return on_unwanted();
    asio::post(caller_, [arrival = arrival_] {
        arrival->happened = true;
        if (arrival->timer != nullptr) arrival->timer->cancel();
    });
}

StorageThreads::StorageThreads(StorageThreadsConfig config) : config_(config) {
    for (auto& queue : queues_) {
        queue = std::make_shared<TaskQueue>(TaskQueue::Limits{config_.threads, config_.max_waiting, config_.timeout});
        for (unsigned i = 0; i < config_.threads; ++i) threads_.emplace_back([queue] { queue->serve(); });
    }
}

StorageThreads::~StorageThreads() {
    for (const auto& queue : queues_) queue->close();
    for (std::thread& thread : threads_) thread.join();
}

bool StorageThreads::close(std::function<void()> last, Deadline deadline) {
    queue(Access::write)->dispose(std::move(last));
    for (const auto& queue : queues_) queue->close();
    return std::ranges::all_of(queues_, [&](const auto& queue) { return queue->wait_until_served(deadline); });
}

asio::awaitable<Result<void>> StorageThreads::run(std::shared_ptr<Call> call, CallTerms terms) {
    const auto queue = this->queue(terms.access);
    asio::steady_timer timer(call->caller(), std::min(terms.deadline, after(config_.timeout)));
    const auto arrival = call->arrival();
    const Caller caller(*queue, *call, timer);
    if (const auto refusal = queue->submit(call)) co_return refused(*refusal);
    while (!arrival->happened) {
        boost::system::error_code cancelled;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        if (arrival->happened) break;
        if (queue->give_up(*call)) co_return timed_out("a call of the storage takes too long");
        timer.expires_at(Deadline::max());  // the answer is on its way
    }
    co_return Result<void>();
}

}  // namespace thumbgate
