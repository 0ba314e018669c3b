// Whether a request that changes something comes from a page of this site: a browser sends its cookies along with what
// another site's page asks for as well. Pure; thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "backend/http/message.hpp"

namespace thumbgate {

// The credentials of "Authorization: Bearer <token>"; nullopt without them. No other site's page can send any.
std::optional<std::string_view> bearer_token(const Request& request);

// The edge names itself by X-Forwarded-Proto and X-Forwarded-Host; `public_url` is another name for it, or empty.
// nullopt: nothing is changed by the method, or no browser asks for another site. Else 403 cross_origin.
std::optional<Error> refuse_other_origin(const Request& request, std::string_view public_url);

}  // namespace thumbgate
