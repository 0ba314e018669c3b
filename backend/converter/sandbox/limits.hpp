// Bounds on what one converter may use, as the kernel counts them.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace thumbgate {

struct SandboxLimits {
    std::uint64_t address_space = 2ULL << 30;  // bytes; a picture that needs more fails. Not set under a sanitizer.
    std::uint64_t file_size = 32 << 20;        // bytes of a result; writing on is SIGXFSZ, or an error of the file
    std::uint64_t descriptors = 32;            // open at once; a job brings three at most
    std::uint64_t threads = 128;               // at once; more are not made
    std::uint64_t processor_time = 4 * 3600;   // seconds in its life, then SIGXCPU: only if its broker hangs
};

// For the calling process, for good. `counts_alone`: it has a user namespace of its own, so that the number of threads
// is not counted together with its user's other processes. Without one, that bound is not set.
std::expected<void, std::string> set_limits(const SandboxLimits& limits, bool counts_alone);

}  // namespace thumbgate
