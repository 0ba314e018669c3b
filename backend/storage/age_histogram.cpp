#include "backend/storage/age_histogram.hpp"

#include <algorithm>
#include <cmath>

namespace thumbgate {

std::size_t AgeHistogram::bucket_of(std::chrono::milliseconds age) {
    constexpr double kPerDoubling = 64;
    const double ms = static_cast<double>(std::max<std::int64_t>(age.count(), 0));
    return std::min(static_cast<std::size_t>(std::log2(ms + 1) * kPerDoubling), kBuckets - 1);
}

AgeHistogram::Cut AgeHistogram::cut(std::uint64_t excess) const {
    if (excess == 0) return {};
    for (std::size_t bucket = kBuckets; bucket-- > 0;) {
        if (bytes_[bucket] >= excess) return {bucket, excess};
        excess -= bytes_[bucket];
    }
    return {0, bytes_[0]};
}

}  // namespace thumbgate
