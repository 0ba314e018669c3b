// Jobs that wait for a converter: first come, first served, each with a deadline. A caller waits here for its answer.
// Not thread-safe: everything runs on one executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "backend/conversion/wait.hpp"
#include "backend/converter/protocol.hpp"
#include "backend/error.hpp"
#include "backend/unique_fd.hpp"

namespace thumbgate {

// What a converter replied, checked, and the file that it wrote to.
struct Answer {
    JobReply reply;
    UniqueFd output;  // empty for an inspection
};

struct Job {
    Job(const boost::asio::any_io_executor& executor, JobRequest asked_for, UniqueFd from)
        : request(asked_for), source(std::move(from)), news(executor) {}

    JobRequest request;
    UniqueFd source;
    bool was_tried = false;          // by a converter that was lost
    bool broke_a_converter = false;  // that one, by what it did there
    std::chrono::steady_clock::time_point queued_at;
    std::chrono::steady_clock::time_point started_at;  // the last attempt
    std::optional<Result<Answer>> answer;              // set once
    boost::asio::steady_timer news;  // expires at the end of its time in the queue; cancelled to wake its caller
};
using JobPtr = std::shared_ptr<Job>;

class JobQueue {
  public:
    explicit JobQueue(std::chrono::milliseconds patience) : patience_(patience) {}

    std::size_t size() const { return jobs_.size(); }

    void push(const JobPtr& job);
    void push_first(const JobPtr& job);  // its time starts anew
    JobPtr take();                       // null when there is none; the job has no deadline from here on

    // Waits until finish() was called, or the job's time in the queue is over. Leaves the queue if it is given up.
    boost::asio::awaitable<Result<Answer>> wait_for(JobPtr job);

    static void finish(Job& job, Result<Answer> answer);
    void refuse_all(const Error& error);

  private:
    void start_waiting(const JobPtr& job);
    bool remove(const JobPtr& job);

    std::chrono::milliseconds patience_;
    std::deque<JobPtr> jobs_;
};

}  // namespace thumbgate
