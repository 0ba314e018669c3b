// GET /thumb/<canonical form>: opens the original, has it converted, and answers with the picture for shared caches to
// keep. Nothing in the response is about one request or one client. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "backend/conversion/pool.hpp"
#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

class Thumbnails {
  public:
    Thumbnails(PhotoStore& photos, StorageThreads& threads, ConverterPool& pool)
        : photos_(photos), threads_(threads), pool_(pool) {}

    // The routes refer to this object.
    std::vector<Route> routes();

  private:
    boost::asio::awaitable<Result<Response>> show(Request& request);
    boost::asio::awaitable<Result<Original>> open(Request& request, const std::string& photo);
    boost::asio::awaitable<Result<Picture>> convert(Request& request, Original original, Conversion conversion);
    // The picture's entity tag, unless the photo was deleted meanwhile.
    boost::asio::awaitable<Result<std::string>> finish(Request& request, const std::string& photo,
                                                       std::shared_ptr<const Picture> picture);

    PhotoStore& photos_;
    StorageThreads& threads_;
    ConverterPool& pool_;
};

// Whether an If-None-Match header (RFC 9110 §13.1.2) names `etag`, which is strong and quoted. Weak comparison.
bool names_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace thumbgate
