// How much of the storage an owner uses. What there is, the storage itself says each time; only
// how large each photo is, which never changes, is remembered. So it cannot drift, whatever was killed in between, and
// after a start it is known again when an owner is first asked about. Thread-safe; every call blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "backend/photos/photo_store.hpp"

namespace thumbgate {

struct Usage {
    std::uint64_t photos = 0;
    std::uint64_t bytes = 0;  // of the originals

    bool operator==(const Usage&) const = default;
};

class UsageIndex {
  public:
    // `photos` outlives this object. `max_sizes`: photos whose size is remembered; beyond, all is forgotten.
    explicit UsageIndex(PhotoStore& photos, std::size_t max_sizes = kMaxSizes)
        : photos_(photos), max_sizes_(max_sizes) {}

    // Of the photos that a listing would show. Errors: those of the storage.
    Result<Usage> of(const std::string& owner);

    std::size_t remembered() const;

  private:
    static constexpr std::size_t kMaxSizes = 1'000'000;  // about 100 MB

    // nullopt: there is no such photo now.
    Result<std::optional<std::uint64_t>> size_of(const std::string& photo, const std::string& owner);

    PhotoStore& photos_;
    const std::size_t max_sizes_;
    mutable std::mutex mutex_;                              // guards what follows
    std::unordered_map<std::string, std::uint64_t> sizes_;  // by photo
};

}  // namespace thumbgate
