// Tells the edges of every photo that was removed. A photo's tombstone stays until its purge was announced, so that
// none is forgotten: what could not be announced is, within a second after Redis answers again, or after the next
// start. Not thread-safe; a removed photo waits in a list that the number of tombstones bounds.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "backend/feed/control_feed.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

class Purges {
  public:
    // All of it outlives this object. `complain`: is told why an announcement has to wait.
    using Complaint = std::function<void(const std::string& photo, std::string_view reason)>;
    Purges(ControlFeed& feed, PhotoStore& photos, StorageThreads& threads, Complaint complain)
        : feed_(feed), photos_(photos), threads_(threads), complain_(std::move(complain)) {}

    // Announces the purge of a photo that was removed, now or later.
    boost::asio::awaitable<void> announce(std::string photo);

    // Photos that an earlier run removed.
    void add(const std::vector<std::string>& photos) { waiting_.insert(photos.begin(), photos.end()); }

    // Announces what waits, for as long as it can.
    boost::asio::awaitable<void> announce_waiting();

    // Tries to, again and again, and sees to it that the feed has a first entry; never returns.
    boost::asio::awaitable<void> keep_announcing();

    std::size_t waiting() const { return waiting_.size(); }

  private:
    boost::asio::awaitable<void> try_once();
    boost::asio::awaitable<bool> try_to_announce(const std::string& photo);

    ControlFeed& feed_;
    PhotoStore& photos_;
    StorageThreads& threads_;
    Complaint complain_;
    std::set<std::string> waiting_;  // by id
};

}  // namespace thumbgate
