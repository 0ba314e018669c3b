#include "backend/conversion/fair_queue.hpp"

#include <algorithm>

namespace thumbgate {

void FairQueue::put(TicketPtr ticket) {
    ++size_;
    work_ += ticket->cost;
    const auto [entry, is_new] = by_name_.try_emplace(ticket->share);
    if (is_new) entry->second = turns_.insert(turns_.end(), Share{.name = ticket->share, .tickets = {}});
    Share& share = *entry->second;
    share.work += ticket->cost;
    share.tickets.push_back(std::move(ticket));
}

void FairQueue::put_first(TicketPtr ticket) {
    ++size_;
    work_ += ticket->cost;
    first_.push_back(std::move(ticket));
}

TicketPtr FairQueue::take() {
    TicketPtr ticket;
    if (!first_.empty()) {
        ticket = std::move(first_.front());
        first_.pop_front();
    } else if (!turns_.empty()) {
        const Turn turn = turns_.begin();
        ticket = turn->tickets.front();
        turns_.splice(turns_.end(), turns_, turn);
        remove_from(turn, ticket);
    }
    if (ticket) count_out(*ticket);
    return ticket;
}

bool FairQueue::remove(const TicketPtr& ticket) {
    if (std::erase(first_, ticket) == 0) {
        const auto share = by_name_.find(ticket->share);
        if (share == by_name_.end() || !remove_from(share->second, ticket)) return false;
    }
    count_out(*ticket);
    return true;
}

std::size_t FairQueue::size_of(const std::string& share) const {
    const auto found = by_name_.find(share);
    return found == by_name_.end() ? 0 : found->second->tickets.size();
}

FairQueue::Duration FairQueue::work_ahead_of(const std::string& share) const {
    const std::size_t turns = size_of(share) + 1;
    Duration ahead{};
    for (const TicketPtr& ticket : first_) ahead += ticket->cost;
    for (const Share& other : turns_) {
        const std::size_t count = other.tickets.size();
        // The jobs of a share are alike more often than not: their mean stands for those that come first.
        ahead += other.work / static_cast<Duration::rep>(count) * static_cast<Duration::rep>(std::min(count, turns));
    }
    return ahead;
}

void FairQueue::count_out(const Ticket& ticket) {
    --size_;
    work_ -= ticket.cost;
}

// A share without a job keeps no turn: memory is bounded by the jobs.
bool FairQueue::remove_from(Turn share, const TicketPtr& ticket) {
    const auto found = std::ranges::find(share->tickets, ticket);
    if (found == share->tickets.end()) return false;
    share->work -= ticket->cost;
    share->tickets.erase(found);
    if (share->tickets.empty()) {
        by_name_.erase(share->name);
        turns_.erase(share);
    }
    return true;
}

}  // namespace thumbgate
