// What every handler about one photo begins with: whose session is it, and is the photo theirs.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "backend/http/message.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/sessions/sessions.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

struct OwnedPhoto {
    Session session;
    PhotoRecord record;
};

// The photo named by the request's first parameter. Errors: 401 without a session, 404 for no photo and for another
// owner's, and those of session store and storage.
boost::asio::awaitable<Result<OwnedPhoto>> find_owned_photo(Request& request, Sessions& sessions, PhotoStore& photos,
                                                            StorageThreads& threads);

// Sends the cookie along where the session has a new one.
void add_cookie(Response& response, const Session& session);

}  // namespace thumbgate
