// What a converter gives up before it sees the first byte of anybody's picture: everything but its processor, bounded
// memory, and the descriptors that a job brings. A decoder that an attacker took over finds itself in an empty room.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "backend/converter/sandbox/layers.hpp"
#include "backend/converter/sandbox/limits.hpp"

namespace thumbgate {

// For the calling process, for good, while it has one thread. `inherited`: what the zygote gave up for all of its
// converters. A process that gets an error must not take a job.
std::expected<SandboxLayers, std::string> enter_sandbox(const SandboxLimits& limits, SandboxLayers inherited);

}  // namespace thumbgate
