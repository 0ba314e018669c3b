// Landlock: the kernel refuses a process every file that it does not hold open already and that is not in a folder
// named here, and where it can, TCP, and signals and sockets beyond the sandbox.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace thumbgate {

// For the calling process, for good. Needs no_new_privs. What is in the `readable` folders may be opened, to read
// alone; a folder that is not there is passed over. The ABI of the kernel, or 0 where there is no Landlock or it cannot
// be entered.
std::uint32_t enter_landlock(std::span<const std::string> readable = {});

}  // namespace thumbgate
