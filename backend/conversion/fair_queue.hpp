// Jobs of one kind that wait, in an order that is fair between those whose they are: shares take turns, one job a turn,
// and within a share it is first come, first served. Who sends a thousand jobs waits for them; who sends one waits for
// one turn of everybody else. Plain values, without a clock; not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "backend/conversion/pool.hpp"

namespace thumbgate {

// What a place in a queue is decided by.
struct Ticket {
    Lane lane = Lane::interactive;
    std::string share;                            // whose it is
    std::chrono::steady_clock::duration cost{};   // what it will take a converter, as far as is known
    Deadline deadline = Deadline::max();          // its answer is of no use later
    Deadline start_by = Deadline::max();          // set as it is put
    std::chrono::steady_clock::time_point began;  // set as it is taken
};
using TicketPtr = std::shared_ptr<Ticket>;

class FairQueue {
  public:
    using Duration = std::chrono::steady_clock::duration;

    void put(TicketPtr ticket);
    void put_first(TicketPtr ticket);  // before every share's turn
    TicketPtr take();                  // null: nobody waits
    bool remove(const TicketPtr& ticket);

    std::size_t size() const { return size_; }
    std::size_t size_of(const std::string& share) const;  // without those put first
    Duration work() const { return work_; }               // of all that wait, by their cost

    // The work that would be taken before one more job of that share: its own, and of every other share as many turns
    // as its own would need. Takes time by the number of shares, not of jobs.
    Duration work_ahead_of(const std::string& share) const;

  private:
    struct Share {
        std::string name;
        std::deque<TicketPtr> tickets;  // never empty
        Duration work{};
    };
    using Turn = std::list<Share>::iterator;

    void count_out(const Ticket& ticket);
    bool remove_from(Turn share, const TicketPtr& ticket);

    std::deque<TicketPtr> first_;
    std::list<Share> turns_;  // the next one first
    std::unordered_map<std::string, Turn> by_name_;
    std::size_t size_ = 0;
    Duration work_{};
};

}  // namespace thumbgate
