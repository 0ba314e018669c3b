// Whether a request that changes something comes from a page of this site: a browser sends its cookies along with what
// another site's page asks for as well. Pure; thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "backend/http/message.hpp"

namespace thumbgate {

// The edge names itself by X-Forwarded-Proto and X-Forwarded-Host; `public_url` is another name for it, or empty.
// nullopt: nothing is changed by the method, no browser asks for another site, or it comes with a bearer token, and so
// not with a cookie's authority. Else 403 cross_origin.
std::optional<Error> refuse_other_origin(const Request& request, std::string_view public_url);

}  // namespace thumbgate
