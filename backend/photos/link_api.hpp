// POST and GET /api/photos/{id}/links, POST and GET /api/links, DELETE /api/links/{id}: what an owner shares. Another
// owner's link and photo are answered as ones that are not there. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "backend/feed/revocations.hpp"
#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/photos/link_counts.hpp"
#include "backend/photos/link_request.hpp"
#include "backend/photos/link_store.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/photos/photo_urls.hpp"
#include "backend/sessions/callers.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

// What the handlers work with; all of it outlives them.
struct LinkParts {
    Callers& callers;
    PhotoStore& photos;
    LinkStore& links;
    StorageThreads& threads;
    PhotoUrls& urls;
    LinkCounts& counts;
    Revocations& revocations;
};

class LinkApi {
  public:
    explicit LinkApi(LinkParts parts) : parts_(parts) {}

    // The routes refer to this object.
    std::vector<Route> routes();

  private:
    using Answer = boost::asio::awaitable<Result<Response>>;

    Answer add_to_photo(Request& request);
    Answer add_album(Request& request);
    Answer list_of_photo(Request& request);
    Answer list(Request& request);
    Answer revoke(Request& request);

    Answer add(Request& request, const Caller& caller, LinkRequest wanted);
    // `photo`: only those that it is part of; empty: all.
    Answer answer_list(Request& request, const Caller& caller, std::string photo);

    LinkParts parts_;
};

}  // namespace thumbgate
