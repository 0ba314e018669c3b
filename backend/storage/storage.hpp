// Where photos and records are kept, by key: "photos/<id>/original". Files now; an object store fits behind the same
// interface. Every call blocks, so callers run it on the storage threads; any number of threads may call at once.
//
// A key is two to four segments of A-Z a-z 0-9 - . _ joined by "/"; no segment begins with "."; the second one has at
// least four characters. A key that breaks this is refused with status 500, since keys are never a client's words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/error.hpp"
#include "backend/storage/temp_file.hpp"
#include "backend/unique_fd.hpp"

namespace thumbgate {

struct StoredObject {
    UniqueFd fd;  // read-only, at the beginning
    std::uint64_t size = 0;
};

bool is_storage_key(std::string_view key);

class Storage {
  public:
    virtual ~Storage() = default;

    // A place to receive bytes in before they are put. Gone with its object, or at the next start after a crash.
    virtual Result<TempFile> make_temp() = 0;

    // When `put` returns, the object is there whole and stays through a power failure; on an error nothing of it is
    // visible. An object of that key is replaced at once.
    virtual Result<void> put(std::string_view key, TempFile file) = 0;
    virtual Result<void> put(std::string_view key, std::string_view bytes) = 0;

    virtual Result<std::optional<StoredObject>> open(std::string_view key) = 0;
    virtual Result<bool> contains(std::string_view key) = 0;

    // Durable when it returns. Removing what is not there succeeds.
    virtual Result<void> remove(std::string_view key) = 0;

    // Every key below "<segment>/" or "<segment>/<segment>/", in ascending order.
    virtual Result<std::vector<std::string>> list(std::string_view prefix) = 0;

    // For who goes through all there is, call by call: the second segments of the keys below "<kind>/" that come after
    // `after` (empty: from the first on), in ascending order, at most `most`. Some may have no keys any more.
    virtual Result<std::vector<std::string>> list_names(std::string_view kind, std::string_view after,
                                                        std::size_t most) = 0;
};

// A small object's bytes; an object above `max_bytes` is an error.
Result<std::optional<std::string>> read_object(Storage& storage, std::string_view key, std::uint64_t max_bytes);

}  // namespace thumbgate
