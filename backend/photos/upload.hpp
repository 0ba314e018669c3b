// Receives a picture from a request, as a field of a form or as the body itself, into a temporary file: in bounded
// memory, and only as long as it can still be a picture. It looks at the first bytes and no further.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "backend/error.hpp"
#include "backend/http/message.hpp"
#include "backend/storage/storage.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

struct ReceiveLimits {
    std::uint64_t max_bytes = 64ULL << 20;        // of the picture
    std::uint64_t max_svg_bytes = 4ULL << 20;     // of one that is SVG
    std::uint64_t max_form_bytes = 256ULL << 10;  // of a form beside it
};

struct ReceivedPicture {
    std::shared_ptr<TempFile> file;  // removed on a storage thread, unless it is kept
    std::uint64_t bytes = 0;
    std::string sha256;  // hex
    bool is_svg = false;
};

// Errors: 413 larger than the limits, 415 not a picture, 400 empty, malformed, cut off or not what its Content-Digest
// says, 408 too slow, and those of the storage. On an error nothing is left of it.
boost::asio::awaitable<Result<ReceivedPicture>> receive_picture(Request& request, Storage& storage,
                                                                StorageThreads& threads, const ReceiveLimits& limits);

}  // namespace thumbgate
