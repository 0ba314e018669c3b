// POST and GET /api/photos, GET and DELETE /api/photos/{id}, GET /api/photos/{id}/original, POST
// /api/photos/{id}/restore. Another owner's photo is answered as one that is not there. Not thread-safe: it runs on the
// service's executor, and leaves blocking work to the storage threads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "backend/feed/purges.hpp"
#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/metrics.hpp"
#include "backend/photos/intake.hpp"
#include "backend/photos/originals.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/photos/photo_urls.hpp"
#include "backend/photos/removal_schedule.hpp"
#include "backend/sessions/callers.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

struct UploadLimits {
    ReceiveLimits one;             // upload
    std::size_t max_at_once = 64;  // one more is refused with 503
};

// What the handlers work with; all of it outlives them.
struct PhotoParts {
    PhotoStore& photos;
    StorageThreads& threads;
    Callers& callers;
    PhotoUrls& urls;
    Metrics& metrics;
    Purges& purges;
    Intake& intake;
    RemovalSchedule& removals;
    Originals& originals;
};

class PhotoApi {
  public:
    PhotoApi(PhotoParts parts, UploadLimits limits) : parts_(parts), limits_(limits) {}

    // The routes refer to this object.
    std::vector<Route> routes();

  private:
    using Answer = boost::asio::awaitable<Result<Response>>;

    Answer upload(Request& request);
    Answer list(Request& request);
    Answer show(Request& request);
    Answer original(Request& request);
    Answer list_deleted(Request& request);
    Answer remove(Request& request);
    Answer restore(Request& request);

    PhotoParts parts_;
    UploadLimits limits_;
    std::shared_ptr<std::size_t> uploads_ = std::make_shared<std::size_t>(0);  // under way
};

}  // namespace thumbgate
