#include "contract/cache_policy.hpp"

#include <algorithm>

namespace thumbgate {

std::string cache_control(const Options& link, std::uint64_t now, std::uint64_t max_age) {
    if (!link.session.empty()) return "private, no-cache";
    if (!link.link_id.empty()) return "public, no-cache";
    if (link.expires == 0) return "public, max-age=" + std::to_string(max_age);
    const std::uint64_t remaining = link.expires > now ? link.expires - now : 0;
    const std::string age = std::to_string(std::min(remaining, max_age));
    return "public, max-age=" + age + ", s-maxage=" + age + ", must-revalidate";
}

}  // namespace thumbgate
