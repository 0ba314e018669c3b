// What is said of a photo itself, from its record: nothing is converted for it. Not thread-safe: it runs on the
// service's executor, and leaves blocking work to the storage threads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <string>

#include "backend/photos/photo_store.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

// format, width and height as shown, has_alpha; and where they are known frames, orientation, dominant_color and
// thumbhash.
boost::json::object describe(const PhotoRecord& record);

class PhotoInfo {
  public:
    // What is referred to outlives this object.
    PhotoInfo(PhotoStore& photos, StorageThreads& threads) : photos_(photos), threads_(threads) {}

    // The description as JSON, byte for byte the same each time. 404 where there is no such photo.
    boost::asio::awaitable<Result<std::string>> find(std::string photo, Deadline deadline);

  private:
    PhotoStore& photos_;
    StorageThreads& threads_;
};

}  // namespace thumbgate
