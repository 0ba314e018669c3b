// What somebody who shares asks for, and the links that come of it. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "backend/error.hpp"
#include "backend/photos/records.hpp"

namespace thumbgate {

inline constexpr std::size_t kMaxPhotosOfLink = 500;
inline constexpr std::size_t kMaxLinkName = 200;  // bytes

struct LinkRequest {
    std::chrono::seconds expires_in{0};
    std::string options;  // "/rt:fill/w:300/h:200", or empty
    std::string name;
    bool is_bound = false;
    bool has_original = false;
    std::vector<std::string> photos;  // of an album
};

enum class LinkScope { photo, album };

// A JSON object: expires_in (seconds, or a text like "90s", "1h", "7d"; at most 366 days), and any of name, bound,
// original, width, height, resizing_type, gravity, enlarge, quality, dpr, format; for an album also photos, a list of
// one to kMaxPhotosOfLink ids, of which a second mention does not count. The error is 400 and names what is wrong.
Result<LinkRequest> parse_link_request(std::string_view body, LinkScope scope);

// Whose link it is, and for how long: the options that every URL of a link begins with.
std::string link_terms(const LinkRecord& link);

// What is signed for one of the link's photos.
std::string link_path(const LinkRecord& link, std::string_view photo);

}  // namespace thumbgate
