// Deleted photos whose files stay for a while, so that they can be restored or because they could not be removed, and
// what removes those files when their time is over. What this process does not live to do is done by the next start.
// Not thread-safe; what waits is bounded by the number of tombstones.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "backend/feed/purges.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

struct UndoTimes {
    std::chrono::seconds undo{600};  // in which a deleted photo can be restored; 0: not at all
    std::chrono::seconds grace{10};  // behind it, longer than a call of the storage takes
};

class RemovalSchedule {
  public:
    // All of it outlives this object. `complain`: is told why files of a photo stay for longer.
    using Complaint = std::function<void(const std::string& photo, std::string_view reason)>;
    RemovalSchedule(PhotoStore& photos, Purges& purges, StorageThreads& threads, UndoTimes times, Complaint complain)
        : photos_(photos), purges_(purges), threads_(threads), times_(times), complain_(std::move(complain)) {}

    // For a photo that is deleted now. 0: it cannot be restored.
    std::uint64_t restorable_until(std::uint64_t now) const;

    // At `now` the files may go of what could be restored until before this.
    std::uint64_t finished_before(std::uint64_t now) const;

    // 0: its files are to go now.
    void add(const std::string& photo, std::uint64_t restorable_until) { due_[photo] = restorable_until; }

    // Removes files as their time comes; never returns.
    boost::asio::awaitable<void> keep_finishing();

    // Those whose time is over at `now`. Every edge is told once more: then the tombstone is forgotten.
    boost::asio::awaitable<void> finish_due(std::uint64_t now);

    std::size_t waiting() const { return due_.size(); }

  private:
    PhotoStore& photos_;
    Purges& purges_;
    StorageThreads& threads_;
    UndoTimes times_;
    Complaint complain_;
    std::map<std::string, std::uint64_t> due_;  // photo → until when it can be restored
};

}  // namespace thumbgate
