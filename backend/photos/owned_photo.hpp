// What every handler about one photo begins with: who asks, and is the photo theirs.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "backend/http/message.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/sessions/callers.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

struct OwnedPhoto {
    Caller caller;
    PhotoRecord record;
};

// The photo named by the request's first parameter. Errors: 401 without a session or a key, 404 for no photo and for
// another owner's, and those of callers and storage.
boost::asio::awaitable<Result<OwnedPhoto>> find_owned_photo(Request& request, Callers& callers, PhotoStore& photos,
                                                            StorageThreads& threads);

}  // namespace thumbgate
