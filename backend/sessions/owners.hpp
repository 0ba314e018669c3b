// Who photos belong to, in the storage: `owner_records/<owner>`, JSON, written with the owner's first session. It is
// what is left of an owner when Redis forgets the sessions. Not thread-safe: it runs on the service's executor, and
// leaves blocking work to the storage threads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backend/deadline.hpp"
#include "backend/error.hpp"
#include "backend/storage/storage.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

struct OwnerRecord {
    std::string id;
    std::uint64_t created = 0;  // unix seconds; 0: not known
    std::string recovery = {};  // SHA-256 of the secret in the recovery link, hex; empty: there is no such link
};

std::string encode(const OwnerRecord& record);
// nullopt: not what `encode` writes. Members that are not known are passed over.
std::optional<OwnerRecord> decode_owner(std::string_view text);

class Owners {
  public:
    // Both outlive this object.
    Owners(Storage& storage, StorageThreads& threads) : storage_(storage), threads_(threads) {}

    // Durable when it returns. Errors of all: those of the storage.
    boost::asio::awaitable<Result<void>> save(OwnerRecord record, Deadline deadline);

    // An owner without a record is one with nothing in it.
    boost::asio::awaitable<Result<OwnerRecord>> find(std::string owner, Deadline deadline);

    // The secret of a new recovery link, of A-Z a-z 0-9 - _; the one before does not count any more. It begins with
    // the owner's id, and only its hash is kept.
    boost::asio::awaitable<Result<std::string>> make_recovery(std::string owner, Deadline deadline);

    // Whose secret it is; nullopt: nobody's, found out in the same time.
    boost::asio::awaitable<Result<std::optional<std::string>>> recover(std::string secret, Deadline deadline);

  private:
    Storage& storage_;
    StorageThreads& threads_;
};

}  // namespace thumbgate
