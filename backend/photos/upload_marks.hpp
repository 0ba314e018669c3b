// Uploads that may be repeated: what an Idempotency-Key stands for, in the storage as `upload_marks/<name>`, for a day.
//
// A mark is durable before the first byte of its photo is, and names the photo that there is going to be. Whoever
// repeats the upload after a crash stores the same photo under the same id, so that there is never a second one. Once
// the photo is there its mark says so: from then on a photo that is not there was deleted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "backend/photos/photo_store.hpp"
#include "backend/storage/storage.hpp"

namespace thumbgate {

struct UploadMark {
    std::string owner;
    std::string photo;
    std::uint64_t created_ms = 0;  // unix milliseconds; of the photo, and of the mark
    std::string sha256;            // of the picture, hex
    bool is_done = false;          // the photo was stored

    bool operator==(const UploadMark&) const = default;
};

// 1 to 128 visible ASCII characters.
bool is_idempotency_key(std::string_view text);

// The name of the mark of that owner's key.
std::string upload_mark_name(std::string_view owner, std::string_view key);

// Thread-safe; every call blocks. Errors: those of the storage.
class UploadMarks {
  public:
    // Both outlive this object.
    UploadMarks(Storage& storage, PhotoStore& photos) : storage_(storage), photos_(photos) {}

    // nullopt: there is none, or it is older than a day.
    Result<std::optional<UploadMark>> find(const std::string& name, std::uint64_t now_ms);

    // Durable when it returns.
    Result<void> put(const std::string& name, const UploadMark& mark);

    // Removes the marks that are older than a day, with what is left of uploads that were never finished; at most
    // `most` of them. The number removed.
    Result<std::size_t> sweep(std::uint64_t now_ms, std::size_t most);

  private:
    Result<void> forget(const std::string& key, const UploadMark& mark);

    Storage& storage_;
    PhotoStore& photos_;
};

// The marks that somebody works with in this process. Thread-safe: the last holder of a claim may be a storage thread.
class UploadClaims {
  public:
    // Null: somebody else has it.
    std::shared_ptr<void> claim(const std::string& name);

  private:
    struct Names {
        std::mutex mutex;
        std::set<std::string> held;
    };
    std::shared_ptr<Names> names_ = std::make_shared<Names>();
};

}  // namespace thumbgate
