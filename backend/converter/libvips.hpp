// libvips as the converters use it: initialised once, in the zygote, and narrowed to the formats that are read and
// written. Nothing here runs a pipeline, so that forking afterwards is safe.
#pragma once

#include <expected>
#include <string>

#include "backend/converter/zygote_protocol.hpp"

namespace thumbgate {

// Call once, while the process has one thread. What reads SVG reads no source by libvips. The error is libvips' own.
std::expected<void, std::string> start_libvips(ConverterKind kind = ConverterKind::raster);

// Whether this build of libvips has it: "jxlload_source".
bool has_operation(const char* nickname);

std::string libvips_version();

}  // namespace thumbgate
