// The process that converters are forked from: libvips is initialised once, and each converter starts in a millisecond.
// It has one thread, never runs a pipeline and never sees a picture. See zygote_protocol.hpp.
#pragma once

#include <expected>
#include <string>

#include "backend/converter/worker.hpp"

namespace thumbgate {

// Serves the control socket until the broker closes it. The error says what could not be set up.
std::expected<void, std::string> run_zygote(int control_socket, const Calling& calling);

}  // namespace thumbgate
