// Photos that have been kept for as long as they may be: removed as by their owner, but for good. Who wants a photo
// kept for no longer than a time does not want it restored behind that. Not thread-safe: it runs on the service's
// executor, and leaves blocking work to the storage threads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "backend/feed/purges.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

class Retention {
  public:
    // What is referred to outlives this object. `keep`: from a photo's upload on; 0: for ever. `on_removed`: is told of
    // each photo, and whether all its files are gone; else the rest is the listener's to remove.
    using Report = std::function<void(const std::string& photo, bool is_finished)>;
    Retention(PhotoStore& photos, Purges& purges, StorageThreads& threads, std::chrono::seconds keep, Report on_removed)
        : photos_(photos), purges_(purges), threads_(threads), keep_(keep), on_removed_(std::move(on_removed)) {}

    // Removes what is too old at `now_ms`, unix milliseconds, at most `most` photos, one after the other, and has the
    // edges told. The number of them. A removal that a crash cuts off is finished by the next start. Errors: those of
    // the storage; what was removed by then is.
    boost::asio::awaitable<Result<std::size_t>> sweep(std::uint64_t now_ms, std::size_t most);

  private:
    boost::asio::awaitable<Result<std::size_t>> sweep_owner(std::string owner, std::uint64_t before_ms,
                                                            std::size_t most);
    boost::asio::awaitable<Result<void>> remove(PhotoRecord record);

    PhotoStore& photos_;
    Purges& purges_;
    StorageThreads& threads_;
    const std::chrono::milliseconds keep_;
    Report on_removed_;
};

}  // namespace thumbgate
