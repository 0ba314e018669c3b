// What failed a short time ago, so that it is not tried again at once: a bounded set of keys, each for the same time.
// Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>

namespace thumbgate {

class RecentFailures {
  public:
    using Time = std::chrono::steady_clock::time_point;

    // `remembered`: from the first time that it failed. One more than `capacity`, and the oldest is forgotten.
    RecentFailures(std::chrono::steady_clock::duration remembered, std::size_t capacity)
        : remembered_(remembered), capacity_(capacity) {}

    void add(const std::string& key, Time now);
    bool holds(const std::string& key, Time now) const;
    std::size_t size() const { return until_.size(); }

  private:
    void forget_oldest();

    std::chrono::steady_clock::duration remembered_;
    std::size_t capacity_;
    std::deque<std::pair<Time, std::string>> order_;  // by the end of its time
    std::unordered_map<std::string, Time> until_;
};

}  // namespace thumbgate
