// Which system calls a converter may still make. Whatever is not named in the source ends it with SIGSYS.
#pragma once

#include <expected>
#include <string>

namespace thumbgate {

// For the calling process and the threads it makes from here on, for good. Needs no_new_privs; call it with one thread.
std::expected<void, std::string> install_seccomp_filter();

}  // namespace thumbgate
