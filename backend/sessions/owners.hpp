// Who photos belong to, in the storage: what is left of an owner when Redis forgets the sessions.
//
//     owner_records/<owner>   JSON; written before the owner's first photo, and not for who only looks around
//     recoveries/<owner>      SHA-256 of the secret in the recovery link, hex; not there: there is no such link
//
// Not thread-safe: it runs on the service's executor, and leaves blocking work to the storage threads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "backend/deadline.hpp"
#include "backend/error.hpp"
#include "backend/storage/storage.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

class Owners {
  public:
    // Both outlive this object.
    Owners(Storage& storage, StorageThreads& threads) : storage_(storage), threads_(threads) {}

    // From here on there is this owner, if there was not: durable when it returns. Errors of all: those of the storage.
    boost::asio::awaitable<Result<void>> keep(std::string owner, std::uint64_t now, Deadline deadline);

    // Whether that owner was ever kept.
    boost::asio::awaitable<Result<bool>> is_kept(std::string owner, Deadline deadline);

    // The secret of a new recovery link, of A-Z a-z 0-9 - _; the one before does not count any more. It begins with
    // the owner's id, and only its hash is kept. Error: 409 nothing_kept for an owner who was not.
    boost::asio::awaitable<Result<std::string>> make_recovery(std::string owner, Deadline deadline);

    // Whose secret it is; nullopt: nobody's, found out in the same time.
    boost::asio::awaitable<Result<std::optional<std::string>>> recover(std::string secret, Deadline deadline);

  private:
    Storage& storage_;
    StorageThreads& threads_;
};

}  // namespace thumbgate
