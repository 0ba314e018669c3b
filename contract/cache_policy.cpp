#include "contract/cache_policy.hpp"

#include <algorithm>

namespace thumbgate {

std::string cache_control(const Options& link, std::uint64_t now, std::uint64_t max_age,
                          std::optional<std::uint64_t> interim) {
    if (!link.session.empty()) return "private, no-cache";
    if (!link.link_id.empty()) return "public, no-cache";
    const std::uint64_t longest = std::min(max_age, interim.value_or(max_age));
    if (link.expires == 0) {
        const std::string age = std::to_string(longest);
        return "public, max-age=" + age + (interim ? ", s-maxage=" + age : "");
    }
    const std::uint64_t remaining = link.expires > now ? link.expires - now : 0;
    const std::string age = std::to_string(std::min(remaining, longest));
    return "public, max-age=" + age + ", s-maxage=" + age + ", must-revalidate";
}

}  // namespace thumbgate
