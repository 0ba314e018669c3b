// What a converter gives up before it sees the first byte of anybody's picture.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace thumbgate {

struct SandboxLimits {
    std::uint64_t address_space = 4ULL << 30;  // bytes; a picture that needs more fails. Not set under a sanitizer.
    std::uint64_t descriptors = 32;            // open at once; a job brings two
};

// For the calling process, for good: no new privileges, no core dumps (they would hold somebody's picture), not
// traceable by other processes, bounded memory and descriptors. A process that gets an error must not take a job.
std::expected<void, std::string> enter_sandbox(const SandboxLimits& limits);

}  // namespace thumbgate
