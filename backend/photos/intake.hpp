// What happens to an upload between its request and its answer: it is received, looked at, counted against what its
// owner may keep, and stored, once. Not thread-safe: it runs on the service's executor, and leaves blocking work to the
// storage threads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "backend/conversion/pool.hpp"
#include "backend/http/message.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/photos/quota.hpp"
#include "backend/photos/upload.hpp"
#include "backend/photos/upload_marks.hpp"
#include "backend/sessions/callers.hpp"
#include "backend/sessions/owners.hpp"
#include "backend/storage/disk_watch.hpp"
#include "backend/storage/storage.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

// All of it outlives the intake.
struct IntakeParts {
    Storage& storage;
    PhotoStore& photos;
    StorageThreads& threads;
    ConverterPool& pool;
    Sessions& sessions;
    Owners& owners;
    Quotas& quotas;
    UploadMarks& marks;
    const DiskWatch& disk;
};

class Intake {
  public:
    Intake(IntakeParts parts, ReceiveLimits limits) : parts_(parts), limits_(limits) {}

    struct Taken {
        PhotoRecord record;
        bool is_repeated = false;  // it was there already, under the request's Idempotency-Key
    };

    // Nothing is stored before the picture has been decoded whole; a new session is saved just before the photo is.
    // Errors beside those of receiving and looking: 403 over a quota; of an Idempotency-Key 400 malformed, 409 in use
    // at this moment, 422 used with another picture, 410 used with a photo that was deleted; 507 no room.
    boost::asio::awaitable<Result<Taken>> take(Request& request, Caller& caller);

  private:
    // Of a request with an Idempotency-Key.
    struct Repetition {
        std::string name;
        std::shared_ptr<void> claim;       // null: the request has no key
        std::optional<UploadMark> mark;    // of an upload before
        std::optional<PhotoRecord> photo;  // that it stored
        bool was_removed = false;          // that photo is no more
    };

    boost::asio::awaitable<Result<Repetition>> find_repetition(Request& request, const Caller& caller);
    boost::asio::awaitable<Result<ReceivedPicture>> receive(Request& request);
    boost::asio::awaitable<Result<PhotoRecord>> store(Request& request, Caller& caller, ReceivedPicture picture,
                                                      const Repetition& repetition);
    boost::asio::awaitable<Result<void>> keep_owner(Request& request, const PhotoRecord& record);
    boost::asio::awaitable<Result<void>> add(Request& request, const PhotoRecord& record,
                                             std::shared_ptr<TempFile> original);
    boost::asio::awaitable<Result<void>> add_marked(Request& request, const PhotoRecord& record,
                                                    std::shared_ptr<TempFile> original, const Repetition& repetition);
    boost::asio::awaitable<Result<PictureFacts>> inspect(Request& request, const ReceivedPicture& picture);

    IntakeParts parts_;
    ReceiveLimits limits_;
    UploadClaims claims_;
};

}  // namespace thumbgate
