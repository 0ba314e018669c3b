// A small real photograph, a baseline JPEG in base64url: what the readiness check converts.
#pragma once

#include <string_view>

namespace thumbgate {

extern const std::string_view kReadinessPicture;

}  // namespace thumbgate
