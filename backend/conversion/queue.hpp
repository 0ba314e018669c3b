// Jobs that wait for a converter, each with a deadline, and the callers that wait for their answers. Two groups of
// converters have a queue each, so that what takes long (AVIF, background work) never stands before what does not.
// The order and who is admitted are the Scheduler's. Not thread-safe: everything runs on one executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "backend/conversion/pool.hpp"
#include "backend/conversion/scheduler.hpp"
#include "backend/conversion/siblings.hpp"
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

// What a converter reads.
struct JobInputs {
    UniqueFd source;
    UniqueFd watermark;  // empty where the request asks for none
};

struct Job : Ticket {
    Job(const boost::asio::any_io_executor& executor, JobRequest asked_for, JobInputs from)
        : request(asked_for), inputs(std::move(from)), news(executor) {}

    // Somebody waits for it still, and was told nothing yet.
    bool is_wanted() const { return !is_given_up && !answer; }

    JobRequest request;
    JobInputs inputs;
    std::uint64_t source_bytes = 0;
    std::function<void(Offence)> on_unheard_offence;
    Group group = Group::fast;
    bool was_tried = false;          // by a converter that was lost
    bool broke_a_converter = false;  // that one, by what it did there
    bool is_given_up = false;        // by its caller
    std::chrono::steady_clock::time_point queued_at;
    std::chrono::steady_clock::time_point started_at;  // the last attempt
    std::optional<Result<Answer>> answer;              // set once
    boost::asio::steady_timer news;  // expires when its caller has waited enough; cancelled to wake its caller
};
using JobPtr = std::shared_ptr<Job>;

class JobQueue {
  public:
    explicit JobQueue(const PoolConfig& config);

    // Jobs that wait in that lane, of both groups.
    std::size_t size(Lane lane) const;
    std::size_t size(Group group) const { return of(group).waiting(); }

    std::optional<Rejection> refuse(const Job& job) const;
    void push(const JobPtr& job);
    void push_first(const JobPtr& job);  // its time starts anew
    JobPtr take(Group group);            // null when there is none; call ended() when it does not run any more
    void ended(const JobPtr& job);

    // Waits until finish() was called, the job's time in the queue is over, or its deadline has passed; a job that runs
    // then runs on. Leaves the queue if it is given up.
    boost::asio::awaitable<Result<Answer>> wait_for(JobPtr job);

    static void finish(Job& job, Result<Answer> answer);
    void refuse_all(const Error& error);

  private:
    Siblings& siblings_in(Group group) { return siblings_.at(static_cast<std::size_t>(group)); }
    Scheduler& of(Group group) { return schedulers_.at(static_cast<std::size_t>(group)); }
    const Scheduler& of(Group group) const { return schedulers_.at(static_cast<std::size_t>(group)); }
    void end_of_wait(const JobPtr& job);

    bool remove(const JobPtr& job);  // false: it does not wait

    std::array<Scheduler, 2> schedulers_;  // by Group
    std::array<Siblings, 2> siblings_;     // by Group
};

inline constexpr std::string_view kQueueTimeout = "queue_timeout";  // the code of having waited too long

// What a caller is told that is not admitted, with the seconds after which to come again.
Error error_of(const Rejection& rejection);

}  // namespace thumbgate
