// Content-Digest (RFC 9530): what its sender says that the bytes of a message are. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "backend/error.hpp"

namespace thumbgate {

// The SHA-256, in hex, that the field's value names; nullopt where it names none: other algorithms are passed over.
// Error: 400 malformed_digest.
Result<std::optional<std::string>> parse_content_digest(std::string_view value);

}  // namespace thumbgate
