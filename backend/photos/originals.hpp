// Photos as they were uploaded, byte for byte, for those who may have them: who that is, is decided before. Not
// thread-safe: it runs on the service's executor, and leaves blocking work to the storage threads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "backend/http/message.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

struct OriginalLimits {
    std::size_t max_at_once = 64;  // that are being sent; one more is refused with 503
};

class Originals {
  public:
    // What is referred to outlives this object.
    Originals(PhotoStore& photos, StorageThreads& threads, OriginalLimits limits = {})
        : photos_(photos), threads_(threads), limits_(limits) {}

    // The file, to be kept under `name` and its format's ending; or the one range of its bytes that the request asks
    // for. A photo that is deleted while it is sent is sent to its end. Errors: 404 where there is no such photo, 416,
    // 503, and those of the storage.
    boost::asio::awaitable<Result<Response>> send(Request& request, std::string photo, std::string name);

    // Answers that are not sent to their end.
    std::size_t under_way() const { return *under_way_; }

  private:
    PhotoStore& photos_;
    StorageThreads& threads_;
    OriginalLimits limits_;
    std::shared_ptr<std::size_t> under_way_ = std::make_shared<std::size_t>(0);
};

}  // namespace thumbgate
