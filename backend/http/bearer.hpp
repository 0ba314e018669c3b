// Credentials that a program sends with each request, "Authorization: Bearer <token>" (RFC 6750). No page of another
// site can make a browser send any. Pure; thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "backend/http/message.hpp"

namespace thumbgate {

// The code of a 401 for a token that does not count.
inline constexpr std::string_view kBadKey = "bad_key";

// Empty where there is a Bearer without a token, or more than one Authorization; nullopt where there is no Bearer.
std::optional<std::string_view> bearer_token(const Request& request);

}  // namespace thumbgate
