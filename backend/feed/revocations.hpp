// Tells the edges of every link that was revoked. The storage remembers a revocation until the link would have ended:
// all are announced when the service starts, and again when Redis turns out to have lost them; what could not be
// announced is within a second after Redis answers again. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/feed/control_feed.hpp"
#include "backend/photos/link_store.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

class Revocations {
  public:
    // All of it outlives this object. `complain`: is told why an announcement has to wait.
    using Complaint = std::function<void(const std::string& link, std::string_view reason)>;
    Revocations(ControlFeed& feed, LinkStore& links, StorageThreads& threads, Complaint complain)
        : feed_(feed), links_(links), threads_(threads), complain_(std::move(complain)) {}

    // Announces it, now or later.
    boost::asio::awaitable<void> announce(Revocation revocation);

    // To be announced later.
    void add(const std::vector<Revocation>& revocations);

    // Announces what waits, and what Redis lost, again and again; never returns.
    boost::asio::awaitable<void> keep_announcing();

    // One round of it.
    boost::asio::awaitable<void> catch_up();

    std::size_t waiting() const { return waiting_.size(); }

  private:
    boost::asio::awaitable<bool> try_to_announce(const Revocation& revocation);
    boost::asio::awaitable<void> look_for_loss();

    ControlFeed& feed_;
    LinkStore& links_;
    StorageThreads& threads_;
    Complaint complain_;
    std::map<std::string, std::uint64_t> waiting_;  // link → when it ends
    std::optional<Revocation> witness_;             // the announced one that Redis is to remember for longest
};

}  // namespace thumbgate
