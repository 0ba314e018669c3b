#include "backend/conversion/siblings.hpp"

#include <algorithm>
#include <limits>

namespace thumbgate {
namespace {

// The longest side of the result, in pixels, as far as the link says it.
std::uint32_t side_of(const JobRequest& request) {
    const std::uint64_t side = std::max({request.width, request.height, request.min_width, request.min_height});
    if (side == 0) return std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>((side * request.dpr + kDprUnit - 1) / kDprUnit);
}

bool counts(const JobRequest& request) {
    return request.kind == JobKind::convert && request.source_digest != SourceDigest{};
}

}  // namespace

void Siblings::add(const JobRequest& request) {
    if (counts(request)) sides_[request.source_digest].insert(side_of(request));
}

void Siblings::remove(const JobRequest& request) {
    const auto source = sides_.find(request.source_digest);
    if (!counts(request) || source == sides_.end()) return;
    const auto side = source->second.find(side_of(request));
    if (side != source->second.end()) source->second.erase(side);
    if (source->second.empty()) sides_.erase(source);
}

std::uint32_t Siblings::longest_side(const SourceDigest& source) const {
    const auto found = sides_.find(source);
    return found == sides_.end() ? 0 : *found->second.rbegin();
}

}  // namespace thumbgate
