#include "backend/photos/recent_failures.hpp"

namespace thumbgate {

void RecentFailures::add(const std::string& key, Time now) {
    while (!order_.empty() && order_.front().first <= now) forget_oldest();
    if (!until_.emplace(key, now + remembered_).second) return;
    order_.emplace_back(now + remembered_, key);
    while (order_.size() > capacity_) forget_oldest();
}

bool RecentFailures::holds(const std::string& key, Time now) const {
    const auto found = until_.find(key);
    return found != until_.end() && now < found->second;
}

void RecentFailures::forget_oldest() {
    until_.erase(order_.front().second);
    order_.pop_front();
}

}  // namespace thumbgate
