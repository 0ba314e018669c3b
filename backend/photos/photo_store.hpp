// Photos and their owners in the storage:
//
//     photos/<id>/original                the bytes as they were uploaded
//     photos/<id>/record                  PhotoRecord; written last, so a photo is there if and only if this is
//     owners/<owner>/<created ms>-<id>    marks whose it is, and orders a listing
//     tombstones/<id>                     Tombstone of a photo that was removed: from here on it is not there. It can
//     be
//                                         restored for a while, by taking it away: the photo's files stay until then
//
// What was made of a photo is in a result store, and goes with the photo.
//
// Every call blocks and runs on a storage thread; any number of threads may call at once. Ids that are not of the right
// form name nothing.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
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

struct DeletedPage {
    std::vector<Tombstone> photos;  // the newest photos first
    std::string next;               // as of PhotoPage
};

struct Removals {
    std::vector<std::string> photos;  // ids of all that were removed and not forgotten, finished or not
    std::size_t unfinished = 0;       // tombstones that cannot be read, or whose files cannot be removed
    std::map<std::string, std::uint64_t> restorable;  // of them, those whose files stay: id → until when
};

class PhotoStore {
  public:
    // `results`: null where none are kept.
    explicit PhotoStore(Storage& storage, ResultStore* results = nullptr) : storage_(storage), results_(results) {}

    // When it returns the photo stays, through a power failure too; on an error nothing of it is left, as far as the
    // storage still works. So it is when it is `given_up` before the photo is there.
    Result<void> add(const PhotoRecord& record, TempFile original, const std::stop_token& given_up = {});

    // The same, but on an error what was written stays: for a photo that is going to be stored again under its id.
    Result<void> store(const PhotoRecord& record, TempFile original, const std::stop_token& given_up = {});

    // As if the photo had never been added. For one that nobody was told of: who knows of it is to `remove` it.
    Result<void> take_back(const PhotoRecord& record);

    Result<std::optional<PhotoRecord>> find(const std::string& id);
    Result<bool> exists(const std::string& id);
    // Whether it was removed, and is neither restored nor forgotten yet.
    Result<bool> is_removed(const std::string& id);
    Result<std::optional<Original>> open_original(const std::string& id);

    // `cursor`: of a page before, or empty. One that is not of a page is 400.
    Result<PhotoPage> list(const std::string& owner, const std::string& cursor, std::size_t limit);

    // The ids of all that `list` may show, oldest first: one that is being added may be among them.
    Result<std::vector<std::string>> ids_of(const std::string& owner);

    // As `list`, of those that were removed and can be restored at `now`.
    Result<DeletedPage> list_deleted(const std::string& owner, const std::string& cursor, std::size_t limit,
                                     std::uint64_t now);

    // For who goes through all photos: owners that come after `after`, in ascending order; some may have no photos.
    Result<std::vector<std::string>> owners(const std::string& after, std::size_t most);
    // The owner's photos that were added before `created_ms`, the oldest first, at most `most`.
    Result<std::vector<PhotoRecord>> list_older(const std::string& owner, std::uint64_t created_ms, std::size_t most);

    // After this the photo is gone for every reader. It is for good where it was not `restorable_until` a time to come;
    // false: some of its files could not be removed yet; the next start does it. Error: it is still there. Its
    // tombstone stays until `forget_removed`.
    Result<bool> remove(const PhotoRecord& record, std::uint64_t now = 0, std::uint64_t restorable_until = 0);

    // The owner's photo is there again, as it was; nullopt where it cannot be restored (any more). Not once it is
    // `given_up`.
    Result<std::optional<PhotoRecord>> restore(const std::string& id, const std::string& owner, std::uint64_t now,
                                               const std::stop_token& given_up = {});

    // Removes the files of what cannot be restored, if it is no tombstone that says otherwise. Another process on this
    // folder may be restoring it until a call of the storage has ended, so that this comes as much later. False: some
    // could not be removed.
    Result<bool> finish_removal(const std::string& id, std::uint64_t now);

    // The same for all, at a start: also what `remove` began before a crash.
    Result<Removals> finish_removals(std::uint64_t now = UINT64_MAX);

    // Nobody needs to hear any more that this photo was removed. Where files of it are left the tombstone stays.
    Result<void> forget_removed(const std::string& id);

  private:
    Result<void> remove_files(const PhotoRecord& record);
    Result<std::optional<Tombstone>> find_tombstone(const std::string& id);
    std::mutex& fate_of(const std::string& id);

    Storage& storage_;
    ResultStore* results_;
    std::array<std::mutex, 16> fates_;  // a photo's by its id: held while it is restored, or its files removed
};

}  // namespace thumbgate
