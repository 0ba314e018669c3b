#include "backend/storage/task_queue.hpp"

#include <algorithm>
#include <utility>

namespace thumbgate {
namespace {

class Disposal final : public Task {
  public:
    explicit Disposal(std::function<void()> work) : work_(std::move(work)) {}
    void run() noexcept override { work_(); }
    void finish(bool /*wanted*/) noexcept override {}

  private:
    std::function<void()> work_;
};

// Takes the first task off a list that is not empty.
TaskPtr pop(std::list<TaskPtr>& tasks) {
    TaskPtr task = std::move(tasks.front());
    tasks.pop_front();
    return task;
}

}  // namespace

std::optional<TaskQueue::Refusal> TaskQueue::submit(const TaskPtr& task) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return Refusal::closed;
        const auto stuck = std::ranges::count_if(
            running_, [&, now = clock_()](const TaskPtr& running) { return is_stuck(*running, now); });
        if (static_cast<std::size_t>(stuck) >= limits_.threads) return Refusal::stuck;
        const std::size_t idle = limits_.threads - std::min(limits_.threads, running_.size());
        if (waiting_.size() >= limits_.max_waiting + idle) return Refusal::full;
        waiting_.push_back(task);
    }
    something_to_do_.notify_one();
    return std::nullopt;
}

void TaskQueue::dispose(std::function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        if (!closed_) {
            disposals_.push_back(std::make_shared<Disposal>(std::exchange(work, nullptr)));
        }
    }
    if (work) return work();
    something_to_do_.notify_one();
}

bool TaskQueue::give_up(Task& task) {
    {
        const std::lock_guard lock(mutex_);
        if (task.state_ == Task::State::finished) return false;
        if (task.state_ == Task::State::waiting) {
            std::erase_if(waiting_, [&](const TaskPtr& waiting) { return waiting.get() == &task; });
        }
        task.state_ = Task::State::given_up;
    }
    task.stop_.request_stop();
    return true;
}

TaskQueue::Counts TaskQueue::counts() const {
    const std::lock_guard lock(mutex_);
    Counts counts;
    counts.waiting = waiting_.size() + disposals_.size();
    const Deadline now = clock_();
    for (const TaskPtr& task : running_) ++(is_stuck(*task, now) ? counts.stuck : counts.running);
    return counts;
}

void TaskQueue::serve() {
    while (const TaskPtr task = take()) {
        task->run();
        task->finish(finish(task));
    }
    // Under the lock to the end: who waits may destroy this queue as soon as it is free.
    const std::lock_guard lock(mutex_);
    --serving_;
    left_.notify_all();
}

TaskPtr TaskQueue::take() {
    std::unique_lock lock(mutex_);
    something_to_do_.wait(lock, [this] { return closed_ || !disposals_.empty() || !waiting_.empty(); });
    if (disposals_.empty() && waiting_.empty()) return nullptr;
    TaskPtr task = pop(disposals_.empty() ? waiting_ : disposals_);
    task->state_ = Task::State::running;
    task->began_ = clock_();
    running_.push_back(task);
    return task;
}

bool TaskQueue::finish(const TaskPtr& task) {
    const std::lock_guard lock(mutex_);
    std::erase(running_, task);
    return std::exchange(task->state_, Task::State::finished) == Task::State::running;
}

void TaskQueue::close() {
    std::list<TaskPtr> forgotten;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        forgotten.swap(waiting_);
    }
    something_to_do_.notify_all();
}

bool TaskQueue::wait_until_served(Deadline deadline) {
    std::unique_lock lock(mutex_);
    return left_.wait_until(lock, deadline, [this] { return serving_ == 0; });
}

}  // namespace thumbgate
