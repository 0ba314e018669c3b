// Names of source formats, and what their first bytes are: the broker looks at a picture's magic bytes and no further.
#pragma once

#include <optional>
#include <string_view>

#include "backend/converter/protocol.hpp"

namespace thumbgate {

std::string_view name(SourceFormat format);        // "jpeg"
std::string_view media_type(SourceFormat format);  // "image/jpeg"

// `head`: the first bytes, 32 are enough. nullopt: none of the formats that are read.
std::optional<SourceFormat> sniff(std::string_view head);

}  // namespace thumbgate
