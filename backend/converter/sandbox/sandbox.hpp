// What a converter gives up before it sees the first byte of anybody's picture: everything but its processor, bounded
// memory, and the descriptors that a job brings. A decoder that an attacker took over finds itself in an empty room.
// Where SVG is drawn there are fonts in it.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "backend/converter/sandbox/layers.hpp"
#include "backend/converter/sandbox/limits.hpp"
#include "backend/converter/sandbox/seccomp.hpp"

namespace thumbgate {

// For the calling process, for good, while it has one thread. `inherited`: what the zygote gave up for all of its
// converters. `readable`: of Files::readable, the folders in which they are; for those Landlock has to be there. A
// process that gets an error must not take a job.
std::expected<SandboxLayers, std::string> enter_sandbox(const SandboxLimits& limits, SandboxLayers inherited,
                                                        Files files = Files::none,
                                                        std::span<const std::string> readable = {});

}  // namespace thumbgate
