// Who made a picture and whose it is, as EXIF says it: the Copyright and the Artist of a camera's block, and nothing
// else of it. The block is a stranger's bytes: every offset is checked against its end. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace thumbgate {

// A block of EXIF with these two tags alone; empty where `exif` has neither, or is none. Texts of more than 2 KiB, and
// such as hold no character, are left out. Both blocks begin with "Exif\0\0"; in `exif` that may be missing.
std::string copyright_alone(std::string_view exif);

}  // namespace thumbgate
