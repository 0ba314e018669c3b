// The threads that the storage's blocking calls run on, and how a coroutine has one run there. Reads and writes have
// threads of their own, so that a disk which takes no more writes can still be read. A call that takes too long costs
// its request a 503 and occupies its thread until the kernel lets go of it; nothing else waits for it.
//
// Destruction waits for what runs, so it needs a storage that answers: see close(). It comes before that of the
// io_context whose coroutines used it.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "backend/deadline.hpp"
#include "backend/error.hpp"
#include "backend/storage/task_queue.hpp"

namespace thumbgate {

enum class Access : std::uint8_t { read, write };

struct StorageThreadsConfig {
    unsigned threads = 4;                       // for reads, and as many for writes
    std::size_t max_waiting = 256;              // reads, or writes, that wait for a thread; one more is refused
    std::chrono::milliseconds timeout{10'000};  // from being asked for to its end
};

// How one call is treated.
struct CallTerms {
    Access access = Access::read;
    Deadline deadline = Deadline::max();  // its caller's; the timeout above counts as well
};

// A task whose caller is a coroutine.
class Call : public Task {
  public:
    // What the caller waits on: touched on its executor alone.
    struct Arrival {
        boost::asio::steady_timer* timer = nullptr;  // null once the caller is gone
        bool happened = false;
    };

    explicit Call(boost::asio::any_io_executor caller) : caller_(std::move(caller)) {}
    void finish(bool wanted) noexcept final;

    const boost::asio::any_io_executor& caller() const { return caller_; }
    const std::shared_ptr<Arrival>& arrival() const { return arrival_; }

  private:
    virtual void on_unwanted() noexcept = 0;

    boost::asio::any_io_executor caller_;
    std::shared_ptr<Arrival> arrival_ = std::make_shared<Arrival>();
};

class StorageThreads {
  public:
    explicit StorageThreads(StorageThreadsConfig config);
    StorageThreads(const StorageThreads&) = delete;
    StorageThreads& operator=(const StorageThreads&) = delete;
    ~StorageThreads();

    // Thread-safe.
    TaskQueue::Counts counts(Access access) const { return queue(access)->counts(); }

    // Shares a value whose destruction may block: a file that is closed, or removed. It is destroyed on a thread for
    // writes, whoever holds it last. Thread-safe.
    template <typename T>
    std::shared_ptr<T> own(T value) {
        const auto release = [queue = queue(Access::write)](T* owned) {
            queue->dispose([owned] { std::default_delete<T>()(owned); });
        };
        return std::shared_ptr<T>(std::make_unique<T>(std::move(value)).release(), release);
    }

    // Nothing can be asked of it any more. Runs `last` on a thread for writes; then false: a call, or `last`, has not
    // ended by the deadline. There is no way to end it, so that the process has to, without destroying this.
    bool close(std::function<void()> last, Deadline deadline);

    // For offload(): waits, on the caller's executor, until the call has been run. Errors: 503.
    boost::asio::awaitable<Result<void>> run(std::shared_ptr<Call> call, CallTerms terms);

  private:
    const std::shared_ptr<TaskQueue>& queue(Access access) const {
        return queues_.at(static_cast<std::size_t>(access));
    }

    StorageThreadsConfig config_;
    std::array<std::shared_ptr<TaskQueue>, 2> queues_;  // by access
    std::vector<std::thread> threads_;
};

// What becomes of the answer of a call that was given up, by default: nothing.
struct Forget {
    template <typename Answer>
    void operator()(Answer& /*answer*/) const {}
};

// `work` may take the token that tells it that it is given up.
template <typename Work>
auto call_work(Work& work, const std::stop_token& given_up) {
    if constexpr (std::invocable<Work&, const std::stop_token&>) {
        return work(given_up);
    } else {
        return work();
    }
}

template <typename Work>
using AnswerOf = decltype(call_work(std::declval<Work&>(), std::stop_token()));

template <typename Work, typename Late>
class WorkCall final : public Call {
  public:
    WorkCall(boost::asio::any_io_executor caller, Work work, Late late)
        : Call(std::move(caller)), work_(std::move(work)), late_(std::move(late)) {}

    AnswerOf<Work> take() {
        if (thrown_) std::rethrow_exception(thrown_);
        return std::move(*answer_);
    }

  private:
    void run() noexcept override {
        try {
            answer_.emplace(call_work(work_, given_up()));
        } catch (...) {
            thrown_ = std::current_exception();
        }
    }
    void on_unwanted() noexcept override {
        try {
            if (answer_) late_(*answer_);
        } catch (...) {
            // Nobody is left to ask for it: a photo that is not taken back is listed, a purge comes with the next
            // start.
            thrown_ = std::current_exception();
        }
        answer_.reset();
    }

    Work work_;
    Late late_;
    std::optional<AnswerOf<Work>> answer_;
    std::exception_ptr thrown_;
};

// Runs `work`, which returns a Result, on a thread of the storage, and resumes the caller on its own executor with the
// result, or with what it threw. Errors beside those of `work`: 503 storage_timeout, storage_busy.
//
// After a timeout `work` may still be waiting in the kernel and go on when nobody is left who asked for it. So it holds
// by value, or shares, all that does not live as long as the service; and where its effect must not come late,
// `late(answer)` undoes it, on that thread. It is known for certain which of the two happened: an answer that was
// delivered is never late.
template <typename Work, typename Late = Forget>
boost::asio::awaitable<AnswerOf<Work>> offload(StorageThreads& threads, Work work, CallTerms terms = {},
                                               Late late = {}) {
    auto caller = co_await boost::asio::this_coro::executor;
    const auto call = std::make_shared<WorkCall<Work, Late>>(std::move(caller), std::move(work), std::move(late));
    auto done = co_await threads.run(call, terms);
    if (!done) co_return std::unexpected(std::move(done.error()));
    co_return call->take();
}

}  // namespace thumbgate
