// Landlock: the kernel refuses a process every file that it does not hold open already, and where it can, TCP, and
// signals and sockets beyond the sandbox.
#pragma once

#include <cstdint>

namespace thumbgate {

// For the calling process, for good. Needs no_new_privs. The ABI of the kernel, or 0 where there is no Landlock.
std::uint32_t enter_landlock();

}  // namespace thumbgate
