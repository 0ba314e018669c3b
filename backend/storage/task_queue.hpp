// Tasks that block, from those who ask for them to the threads that run them: bounded, first come, first served. Who
// asked may give a task up at any moment; what has begun then runs to its end all the same, and is told that nobody
// wants its answer. Thread-safe; plain C++, with a clock of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "backend/deadline.hpp"

namespace thumbgate {

class Task {
  public:
    Task() = default;
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    virtual ~Task() = default;

    // Both are called once, in this order, on the thread that took the task, and never under a lock. `wanted`: it was
    // not given up, and cannot be any more.
    virtual void run() noexcept = 0;
    virtual void finish(bool wanted) noexcept = 0;

    // For work that would rather stop when it is given up.
    std::stop_token given_up() const { return stop_.get_token(); }

  private:
    friend class TaskQueue;
    enum class State { waiting, running, given_up, finished };

    State state_ = State::waiting;  // by the queue's lock
    Deadline began_{};              // by the queue's lock
    std::stop_source stop_;
};
using TaskPtr = std::shared_ptr<Task>;

class TaskQueue {
  public:
    using Clock = std::function<Deadline()>;

    struct Limits {
        std::size_t threads = 1;                        // that take tasks: each calls serve() once
        std::size_t max_waiting = 256;                  // tasks; one more is refused
        std::chrono::milliseconds stuck_after{10'000};  // a task that runs for longer is stuck
    };
    struct Counts {
        std::size_t running = 0;  // and not stuck
        std::size_t waiting = 0;
        std::size_t stuck = 0;
    };
    enum class Refusal {
        full,   // too many tasks wait
        stuck,  // no thread is left that is not stuck
        closed,
    };

    explicit TaskQueue(Limits limits, Clock clock = std::chrono::steady_clock::now)
        : limits_(limits), clock_(std::move(clock)), serving_(limits.threads) {}

    // nullopt: it waits for a thread.
    std::optional<Refusal> submit(const TaskPtr& task);

    // Work that has to be done whatever happens, and that nobody waits for: it counts against no limit. It must not
    // throw. Once the queue is closed it is done at once, by the caller.
    void dispose(std::function<void()> work);

    // True: the task is given up. If it was waiting it will not run. False: it is finished, and its answer on its way.
    bool give_up(Task& task);

    Counts counts() const;

    // For a thread: runs tasks until the queue is closed and there is nothing left to dispose of.
    void serve();

    // Takes no more tasks, and forgets those that wait.
    void close();
    // Whether every thread has left serve() before the deadline.
    bool wait_until_served(Deadline deadline);

  private:
    TaskPtr take();                    // null: closed
    bool finish(const TaskPtr& task);  // whether its answer is wanted
    bool is_stuck(const Task& task, Deadline now) const { return now - task.began_ > limits_.stuck_after; }

    const Limits limits_;
    const Clock clock_;

    mutable std::mutex mutex_;
    // By mutex_:
    std::list<TaskPtr> waiting_;
    std::list<TaskPtr> disposals_;  // before what waits: they give room back
    std::list<TaskPtr> running_;
    std::size_t serving_;  // threads that have not left serve()
    bool closed_ = false;
    std::condition_variable something_to_do_;
    std::condition_variable left_;
};

}  // namespace thumbgate
