// GET /s/{id}, the page of a link, GET /s/{id}/original/{photo}, and POST /s/{id}/report. Answers are pages, or the
// file. A link that was revoked, one for another session, and one that never was are answered alike; so is a photo that
// the link does not have, and an original that it does not give. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/photos/link_counts.hpp"
#include "backend/photos/link_store.hpp"
#include "backend/photos/originals.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/photos/photo_urls.hpp"
#include "backend/sessions/sessions.hpp"
#include "backend/storage/storage.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

// What the handlers work with; all of it outlives them.
struct ShareParts {
    Storage& storage;
    Sessions& sessions;
    PhotoStore& photos;
    LinkStore& links;
    StorageThreads& threads;
    PhotoUrls& urls;
    LinkCounts& counts;
    Originals& originals;
};

class ShareApi {
  public:
    explicit ShareApi(ShareParts parts) : parts_(parts) {}

    // The routes refer to this object.
    std::vector<Route> routes();

  private:
    struct Shared {
        LinkRecord link;
        std::vector<PhotoRecord> photos;  // that are still there; at least one
    };

    boost::asio::awaitable<Result<Response>> show(Request& request);
    boost::asio::awaitable<Result<Response>> report(Request& request);
    boost::asio::awaitable<Result<Response>> original(Request& request);

    // The answer, or what is wrong, for a problem's page.
    boost::asio::awaitable<Result<Response>> make_page(Request& request);
    boost::asio::awaitable<Result<Response>> take_report(Request& request);
    boost::asio::awaitable<Result<Response>> send_original(Request& request);
    boost::asio::awaitable<Result<Shared>> find(Request& request);
    // Whether it is the owner who looks. Error: the link is not for who looks, or that cannot be told now.
    boost::asio::awaitable<Result<bool>> admit(Request& request, const LinkRecord& link);

    ShareParts parts_;
};

}  // namespace thumbgate
