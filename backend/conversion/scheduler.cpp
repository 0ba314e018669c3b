#include "backend/conversion/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace thumbgate {
namespace {

// What a lane's pass grows by for each unit of work: the inverse of its weight.
constexpr std::int64_t stride(Lane lane) {
    return lane == Lane::upload ? 3 : 1;
}

constexpr std::array kSharing{Lane::interactive, Lane::upload};

bool shares(Lane lane) {
    return std::ranges::find(kSharing, lane) != kSharing.end();
}

}  // namespace

std::string_view name(RejectionReason reason) {
    constexpr std::array<std::string_view, 4> kNames{"queue_full", "would_be_late", "overload", "deadline_passed"};
    return kNames.at(static_cast<std::size_t>(reason));
}

std::optional<Rejection> Scheduler::refuse(const Ticket& ticket, Time now) const {
    if (ticket.deadline <= now) return Rejection{RejectionReason::deadline_passed, {}};
    const std::size_t all = waiting();
    if (all + running_.size() < rules_.converters) return std::nullopt;
    const Duration wait = expected_wait(ticket, now);
    if (is_full_for(ticket)) return Rejection{RejectionReason::queue_full, wait};
    if (would_be_late(ticket, wait, now)) return Rejection{RejectionReason::would_be_late, wait};
    const bool stands = all > 0 && now - standing_since_ > rules_.burst;
    if (stands && shares(ticket.lane) && wait > rules_.overload_wait) {
        return Rejection{RejectionReason::overload, wait};
    }
    return std::nullopt;
}

Scheduler::Duration Scheduler::expected_wait(const Ticket& ticket, Time now) const {
    if (waiting() + running_.size() < rules_.converters) return {};
    return (work_ahead(ticket) + work_running(now)) / rules_.converters;
}

void Scheduler::put(const TicketPtr& ticket, Time now) {
    begin_waiting(ticket, now);
    lane_of(ticket->lane).queue.put(ticket);
}

void Scheduler::put_first(const TicketPtr& ticket, Time now) {
    begin_waiting(ticket, now);
    lane_of(ticket->lane).queue.put_first(ticket);
}

TicketPtr Scheduler::take(Time now) {
    LaneState* lane = next_lane();
    if (lane == nullptr) return nullptr;
    TicketPtr ticket = lane->queue.take();
    if (shares(ticket->lane)) {
        virtual_time_ = lane->pass;
        lane->pass += stride(ticket->lane) * std::max<std::int64_t>(ticket->cost.count(), 1);
    }
    ticket->began = now;
    running_.push_back(ticket);
    return ticket;
}

void Scheduler::ended(const TicketPtr& ticket) {
    std::erase(running_, ticket);
}

bool Scheduler::remove(const TicketPtr& ticket) {
    return lane_of(ticket->lane).queue.remove(ticket);
}

std::vector<TicketPtr> Scheduler::remove_all() {
    std::vector<TicketPtr> all;
    for (LaneState& lane : lanes_) {
        while (TicketPtr ticket = lane.queue.take()) all.push_back(std::move(ticket));
    }
    return all;
}

std::size_t Scheduler::waiting() const {
    std::size_t count = 0;
    for (const LaneState& lane : lanes_) count += lane.queue.size();
    return count;
}

Scheduler::LaneState* Scheduler::next_lane() {
    LaneState& check = lane_of(Lane::check);
    if (check.queue.size() > 0) return &check;
    LaneState* next = nullptr;
    for (const Lane lane : kSharing) {
        LaneState& state = lane_of(lane);
        if (state.queue.size() > 0 && (next == nullptr || state.pass < next->pass)) next = &state;
    }
    if (next != nullptr) return next;
    LaneState& background = lane_of(Lane::background);
    return background.queue.size() > 0 ? &background : nullptr;
}

// A lane that had nothing to do has saved up nothing for it.
void Scheduler::begin_waiting(const TicketPtr& ticket, Time now) {
    if (waiting() == 0) standing_since_ = now;
    LaneState& lane = lane_of(ticket->lane);
    if (lane.queue.size() == 0) lane.pass = std::max(lane.pass, virtual_time_);
    ticket->start_by = std::min(ticket->deadline, now + max_wait(ticket->lane));
}

Scheduler::Duration Scheduler::work_ahead(const Ticket& ticket) const {
    Duration ahead = lane_of(ticket.lane).queue.work_ahead_of(ticket.share);
    if (ticket.lane == Lane::check) return ahead;
    if (ticket.lane == Lane::background) {
        for (const Lane lane : kSharing) ahead += lane_of(lane).queue.work();
        return ahead;
    }
    const Lane other = ticket.lane == Lane::interactive ? Lane::upload : Lane::interactive;
    const Duration its_share = (ahead + ticket.cost) * stride(ticket.lane) / stride(other);
    return ahead + std::min(lane_of(other).queue.work(), its_share);
}

Scheduler::Duration Scheduler::work_running(Time now) const {
    Duration left{};
    for (const TicketPtr& ticket : running_) {
        const Duration done = now - ticket->began;
        // What has taken longer than it should may take as long again, until it is killed.
        const Duration more = done < ticket->cost ? ticket->cost - done : std::min(done, rules_.max_job - done);
        left += std::max(more, Duration::zero());
    }
    return left;
}

bool Scheduler::is_full_for(const Ticket& ticket) const {
    const FairQueue& queue = lane_of(ticket.lane).queue;
    if (queue.size() >= rules_.max_waiting) return true;
    return queue.size_of(ticket.share) >= rules_.max_waiting - queue.size();
}

bool Scheduler::would_be_late(const Ticket& ticket, Duration wait, Time now) const {
    return wait > max_wait(ticket.lane) || wait + ticket.cost > ticket.deadline - now;
}

Scheduler::Duration Scheduler::max_wait(Lane lane) const {
    return lane == Lane::background ? rules_.max_background_wait : rules_.max_wait;
}

}  // namespace thumbgate
