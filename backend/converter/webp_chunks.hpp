// The chunks of a WebP file (RIFF): libvips 8.14 writes an EXIF chunk of its own whatever it is told.
// Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace thumbgate {

// The same picture, still or animated, in a file that holds nothing but its pixels, in the simple format where that
// does. nullopt: not a WebP file, or cut off.
std::optional<std::string> without_metadata(std::string_view webp);

}  // namespace thumbgate
