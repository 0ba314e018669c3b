// libvips as the converters use it: initialised once, in the zygote, and narrowed to the formats that are read and
// written. Nothing here runs a pipeline, so that forking afterwards is safe.
#pragma once

#include <expected>
#include <string>

namespace thumbgate {

// Call once, while the process has one thread. The error is libvips' own.
std::expected<void, std::string> start_libvips();

// Whether this build of libvips has it: "jxlload_source".
bool has_operation(const char* nickname);

std::string libvips_version();

}  // namespace thumbgate
