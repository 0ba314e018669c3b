#include "backend/photos/recent_failures.hpp"

namespace thumbgate {

void RecentFailures::add(const std::string& key, Time now) {
    while (!order_.empty() && order_.front().first <= now) forget_oldest();
    const Time until = now + remembered_;
    until_[key] = until;
    order_.emplace_back(until, key);
    while (order_.size() > capacity_) forget_oldest();
}

bool RecentFailures::holds(const std::string& key, Time now) const {
    const auto found = until_.find(key);
    return found != until_.end() && now < found->second;
}

void RecentFailures::forget_oldest() {
    const auto& [until, key] = order_.front();
    // Unless it was added again since.
    if (const auto found = until_.find(key); found != until_.end() && found->second == until) until_.erase(found);
    order_.pop_front();
}

}  // namespace thumbgate
