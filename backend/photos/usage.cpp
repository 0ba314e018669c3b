#include "backend/photos/usage.hpp"

#include <string_view>

namespace thumbgate {
namespace {

constexpr std::string_view kDamaged = "damaged_record";

}  // namespace

Result<Usage> UsageIndex::of(const std::string& owner) {
    const auto ids = photos_.ids_of(owner);
    if (!ids) return std::unexpected(ids.error());
    Usage usage;
    for (const std::string& photo : *ids) {
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
