#include "backend/photos/usage.hpp"

#include <set>
#include <string_view>
#include <utility>

#include "backend/units.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kTombstones = "tombstones/";
constexpr std::string_view kDamaged = "damaged_record";

// What follows the last "-" of a marker, or the last "/" of a tombstone's key.
std::string id_of(const std::string& key, char before) {
    return key.substr(key.rfind(before) + 1);
}

}  // namespace

Result<Usage> UsageIndex::of(const std::string& owner) {
    const auto markers = storage_.list("owners/" + owner + "/");
    if (!markers) return std::unexpected(markers.error());
    const auto tombstones = storage_.list(kTombstones);
    if (!tombstones) return std::unexpected(tombstones.error());
    std::set<std::string> removed;
    for (const std::string& key : *tombstones) removed.insert(id_of(key, '/'));
    Usage usage;
    for (const std::string& key : *markers) {
        const std::string photo = id_of(key, '-');
        if (removed.contains(photo)) continue;
        const auto size = size_of(photo, owner);
        if (!size) return std::unexpected(size.error());
        if (!*size) continue;
        ++usage.photos;
        usage.bytes += **size;
    }
    return usage;
}

Result<std::optional<std::uint64_t>> UsageIndex::size_of(const std::string& photo, const std::string& owner) {
    {
        const std::lock_guard lock(mutex_);
        const auto known = sizes_.find(photo);
        if (known != sizes_.end()) return known->second;
    }
    const auto record = photos_.find(photo);
    if (!record && record.error().code == kDamaged) return std::optional<std::uint64_t>();
    if (!record) return std::unexpected(record.error());
    if (!*record || (*record)->owner != owner) return std::optional<std::uint64_t>();
    const std::lock_guard lock(mutex_);
    if (sizes_.size() >= max_sizes_) sizes_.clear();
    sizes_[photo] = (*record)->bytes;
    return (*record)->bytes;
}

std::size_t UsageIndex::remembered() const {
    const std::lock_guard lock(mutex_);
    return sizes_.size();
}

}  // namespace thumbgate
