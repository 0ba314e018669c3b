// How much an owner may keep, and how much may be uploaded from an address in a day, since anybody can be as many
// owners as they like. Not thread-safe: it runs on the service's executor, and leaves blocking work to the storage
// threads.
//
// An upload is asked about twice: before its body is read, as far as its length is announced, and when it is about to
// be stored. From then on it holds its place, so that many at once cannot be more than one after the other.
//
//     address_uploads:<day>:<network>   in Redis, for two days: photos and bytes; see client_network()
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "backend/http/message.hpp"
#include "backend/photos/usage.hpp"
#include "backend/sessions/callers.hpp"
#include "backend/sessions/redis.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

// 0: no limit.
struct QuotaConfig {
    std::uint64_t owner_bytes = 10ULL << 30;
    std::uint64_t owner_photos = 10'000;
    std::uint64_t address_bytes = 5ULL << 30;  // a day
    std::uint64_t address_photos = 5'000;      // a day
};

class Quotas {
  public:
    // All of it outlives this object.
    Quotas(UsageIndex& usage, StorageThreads& threads, Redis& redis, QuotaConfig config)
        : usage_(usage), threads_(threads), redis_(redis), config_(config) {}

    // The place of a photo that is being stored: free again when this goes.
    class Place {
      public:
        Place() = default;

      private:
        friend class Quotas;
        std::shared_ptr<void> held_;
        std::string counter_;  // what was charged; empty: nothing
        std::uint64_t bytes_ = 0;
    };

    // Whether an upload of `bytes` is worth receiving. Errors: 403 quota or address_quota, which name the limit; those
    // of storage and Redis.
    boost::asio::awaitable<Result<void>> check(Request& request, const Caller& caller, std::uint64_t bytes);

    // The same, and then the place is taken. Kept until the photo is stored or is not to be.
    boost::asio::awaitable<Result<Place>> take(Request& request, const Caller& caller, std::uint64_t bytes);

    // The photo was not stored: its address has not had it.
    boost::asio::awaitable<void> give_back(Place place);

    // {"photos": {"used", "limit"}, "bytes": {"used", "limit"}} of an owner; null where there is no limit.
    boost::asio::awaitable<Result<boost::json::object>> describe(Request& request, std::string owner);

  private:
    boost::asio::awaitable<Result<Usage>> usage_of(Request& request, std::string owner);
    boost::asio::awaitable<Result<void>> check_owner(Request& request, const Caller& caller, std::uint64_t bytes);
    std::shared_ptr<void> hold(const std::string& owner, std::uint64_t bytes);
    std::string counter_of(const Request& request, const Caller& caller) const;
    boost::asio::awaitable<Result<Usage>> charge(const std::string& counter, std::uint64_t bytes);

    UsageIndex& usage_;
    StorageThreads& threads_;
    Redis& redis_;
    QuotaConfig config_;
    // What is held, by owner.
    std::shared_ptr<std::map<std::string, Usage>> held_ = std::make_shared<std::map<std::string, Usage>>();
};

}  // namespace thumbgate
