// The body of POST /api/photos/{id}/links: how long the link lives, and what the picture shall look like. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "backend/error.hpp"

namespace thumbgate {

struct LinkRequest {
    std::chrono::seconds expires_in{0};
    std::string options;  // "/rt:fill/w:300/h:200", or empty
};

// A JSON object: expires_in (seconds, or a text like "90s", "1h", "7d"; at most 366 days), and any of width, height,
// resizing_type, gravity, enlarge, quality, dpr, format. The error is 400 and names what is wrong.
Result<LinkRequest> parse_link_request(std::string_view body);

// What is signed: the options, the end, and the photo.
std::string link_path(const LinkRequest& request, std::string_view photo, std::uint64_t expires);

}  // namespace thumbgate
