#include "contract/cache_policy.hpp"

#include <algorithm>

namespace thumbgate {

std::string cache_control(std::uint64_t expires, std::uint64_t now, std::uint64_t max_age) {
    if (expires == 0) return "public, max-age=" + std::to_string(max_age);
    const std::uint64_t remaining = expires > now ? expires - now : 0;
    const std::string age = std::to_string(std::min(remaining, max_age));
    return "public, max-age=" + age + ", s-maxage=" + age + ", must-revalidate";
}

}  // namespace thumbgate
