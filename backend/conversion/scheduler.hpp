// Who is admitted to a group of converters, and whose turn it is when one of them is free. Takes the time as an
// argument; not thread-safe.
//
// Order: interactive jobs and uploads share the converters' time three to one while both wait, so that neither starves;
// background jobs run when nobody else waits; a check goes before all, and waits for what runs alone. Within a lane
// clients take turns (FairQueue).
//
// Admission: a job is refused when it comes, never dropped later to make room. From its place in the order follows how
// long it would wait; where that is longer than it may take, it is refused at once. A free converter takes any job, so
// that an estimate that is wrong corrects itself.
//
// Overload is told apart from a burst as CoDel does it, by how long the queue has been standing: while it was empty
// within the last `burst` a job may wait up to its deadline; in a queue that stands for longer only a job is admitted
// that waits less than `overload_wait` (background jobs and checks are in nobody's way, and exempt). CoDel drops at the
// head, and newest-first lets the oldest time out: either way whoever is refused has waited for nothing, and a job that
// was accepted can still be lost. Here a refusal costs its client no wait, what was accepted keeps its deadline, and
// since the wait is that of the client's own place, a client with little to do gets in while another's flood is
// refused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "backend/conversion/fair_queue.hpp"

namespace thumbgate {

struct SchedulerRules {
    unsigned converters = 1;
    // Jobs that wait in a lane. No share may hold more places than are free: some are left for whoever comes next.
    std::size_t max_waiting = 256;
    FairQueue::Duration max_wait = std::chrono::seconds(10);             // a job that waits longer is refused
    FairQueue::Duration max_background_wait = std::chrono::seconds(60);  // the same where nobody waits for it
    FairQueue::Duration max_job = std::chrono::seconds(10);              // what takes longer is killed
    FairQueue::Duration burst = std::chrono::milliseconds(100);
    FairQueue::Duration overload_wait = std::chrono::seconds(1);
};

enum class RejectionReason : std::uint8_t {
    queue_full,       // every place of its lane is taken, or too many by its share
    would_be_late,    // it would not be through by its deadline
    overload,         // the queue stands, and it would wait too long
    deadline_passed,  // before it came
};
std::string_view name(RejectionReason reason);

struct Rejection {
    RejectionReason reason;
    FairQueue::Duration wait;  // after which it is worth another try, as far as is known
};

class Scheduler {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Duration = FairQueue::Duration;

    explicit Scheduler(const SchedulerRules& rules) : rules_(rules) {}

    // Why this job is not to be put, if so.
    std::optional<Rejection> refuse(const Ticket& ticket, Time now) const;
    // How long it would wait, as far as is known.
    Duration expected_wait(const Ticket& ticket, Time now) const;

    void put(const TicketPtr& ticket, Time now);
    // A job that ran to no end: before all others of its lane, whatever the bound. Its time to wait starts anew.
    void put_first(const TicketPtr& ticket, Time now);
    // The next one, which then runs until ended(). Null: nobody waits.
    TicketPtr take(Time now);
    void ended(const TicketPtr& ticket);
    bool remove(const TicketPtr& ticket);  // false: it does not wait
    std::vector<TicketPtr> remove_all();

    std::size_t waiting() const;
    std::size_t waiting(Lane lane) const { return lane_of(lane).queue.size(); }
    std::size_t running() const { return running_.size(); }

  private:
    // Stride scheduling: of those that share, the lane that has had the least of its due goes first.
    struct LaneState {
        FairQueue queue;
        std::int64_t pass = 0;
    };

    LaneState& lane_of(Lane lane) { return lanes_.at(static_cast<std::size_t>(lane)); }
    const LaneState& lane_of(Lane lane) const { return lanes_.at(static_cast<std::size_t>(lane)); }
    LaneState* next_lane();
    void begin_waiting(const TicketPtr& ticket, Time now);
    Duration work_ahead(const Ticket& ticket) const;
    Duration work_running(Time now) const;
    bool is_full_for(const Ticket& ticket) const;
    bool would_be_late(const Ticket& ticket, Duration wait, Time now) const;
    Duration max_wait(Lane lane) const;

    SchedulerRules rules_;
    std::array<LaneState, 4> lanes_;  // by Lane
    std::int64_t virtual_time_ = 0;   // the pass of the lane that was served last
    Time standing_since_{};           // when the queue was empty last; of meaning while it is not
    std::vector<TicketPtr> running_;
};

}  // namespace thumbgate
