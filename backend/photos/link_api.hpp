// POST and GET /api/photos/{id}/links: links to a photo that end. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/photos/photo_urls.hpp"
#include "backend/sessions/sessions.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

class LinkApi {
  public:
    LinkApi(Sessions& sessions, PhotoStore& photos, StorageThreads& threads, PhotoUrls& urls)
        : sessions_(sessions), photos_(photos), threads_(threads), urls_(urls) {}

    // The routes refer to this object.
    std::vector<Route> routes();

  private:
    boost::asio::awaitable<Result<Response>> add(Request& request);
    boost::asio::awaitable<Result<Response>> list(Request& request);

    Sessions& sessions_;
    PhotoStore& photos_;
    StorageThreads& threads_;
    PhotoUrls& urls_;
};

}  // namespace thumbgate
