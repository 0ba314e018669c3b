// Photos and their owners in the storage:
//
//     photos/<id>/original                the bytes as they were uploaded
//     photos/<id>/record                  PhotoRecord; written last, so a photo is there if and only if this is
//     owners/<owner>/<created ms>-<id>    marks whose it is, and orders a listing
//     tombstones/<id>                     PhotoRecord of a photo that was removed: from here on it is not there
//
// What was made of a photo is in a result store, and goes with the photo.
//
// Every call blocks and runs on a storage thread; any number of threads may call at once. Ids that are not of the right
// form name nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "backend/error.hpp"
#include "backend/photos/records.hpp"
#include "backend/storage/result_store.hpp"
#include "backend/storage/storage.hpp"

namespace thumbgate {

struct PhotoPage {
    std::vector<PhotoRecord> photos;  // newest first
    std::string next;                 // the cursor of the following page; empty: this is the last
};

struct Original {
    StoredObject object;
    std::string sha256;  // hex
    std::string format;  // "jpeg"
};

struct Removals {
    std::vector<std::string> photos;  // ids of all that were removed and not forgotten, finished or not
    std::size_t unfinished = 0;       // tombstones that cannot be read, or whose files cannot be removed
};

class PhotoStore {
  public:
    // `results`: null where none are kept.
    explicit PhotoStore(Storage& storage, ResultStore* results = nullptr) : storage_(storage), results_(results) {}

    // When it returns the photo stays, through a power failure too; on an error nothing of it is left, as far as the
    // storage still works. So it is when it is `given_up` before the photo is there.
    Result<void> add(const PhotoRecord& record, TempFile original, const std::stop_token& given_up = {});

    // As if the photo had never been added. For one that nobody was told of: who knows of it is to `remove` it.
    Result<void> take_back(const PhotoRecord& record);

    Result<std::optional<PhotoRecord>> find(const std::string& id);
    Result<bool> exists(const std::string& id);
    Result<std::optional<Original>> open_original(const std::string& id);

    // `cursor`: of a page before, or empty. One that is not of a page is 400.
    Result<PhotoPage> list(const std::string& owner, const std::string& cursor, std::size_t limit);

    // After this the photo is gone for every reader, for good. False: some of its files could not be removed yet;
    // the next start does it. Error: it is still there. Its tombstone stays until `forget_removed`.
    Result<bool> remove(const PhotoRecord& record);

    // Finishes what `remove` began before a crash.
    Result<Removals> finish_removals();

    // Nobody needs to hear any more that this photo was removed. Where files of it are left the tombstone stays.
    Result<void> forget_removed(const std::string& id);

  private:
    Result<void> remove_files(const PhotoRecord& record);

    Storage& storage_;
    ResultStore* results_;
};

}  // namespace thumbgate
