// Decides whether a request comes from the edge: its Thumb-Auth must be right for this method and target, of this time,
// and, where the method changes something, not used before. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_set>
#include <utility>

#include "backend/http/message.hpp"
#include "contract/hmac.hpp"

namespace thumbgate {

// Ids seen within a time, in bounded memory: when it is full, a new id is refused rather than an old one forgotten.
class ReplayGuard {
  public:
    enum class Answer { fresh, seen, full };

    ReplayGuard(std::size_t max_ids, std::uint64_t lifetime_seconds) : max_ids_(max_ids), lifetime_(lifetime_seconds) {}

    // `now` in unix seconds, never less than in an earlier call by more than a clock's correction.
    Answer use(const std::string& id, std::uint64_t now);
    std::size_t size() const { return ids_.size(); }

  private:
    std::size_t max_ids_;
    std::uint64_t lifetime_;
    std::unordered_set<std::string> ids_;
    std::deque<std::pair<std::uint64_t, std::string>> by_age_;  // when seen, id
};

class Gate {
  public:
    explicit Gate(const HmacKey& service_key);

    // The verified identity. Error: 403, whose detail says why for the log; 503 when too many ids are remembered.
    Result<ServiceIdentity> admit(const Request& request, std::uint64_t now);

  private:
    const HmacKey& service_key_;
    ReplayGuard replays_;
};

}  // namespace thumbgate
