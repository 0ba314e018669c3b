// Which system calls a converter may still make. Whatever is not named in the source ends it with SIGSYS.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace thumbgate {

enum class Files : std::uint8_t {
    none,      // none may be opened; who asks is told that there is none
    readable,  // those may be that others let it open, and for nothing else than reading
};

// For the calling process and the threads it makes from here on, for good. Needs no_new_privs; call it with one thread.
std::expected<void, std::string> install_seccomp_filter(Files files = Files::none);

}  // namespace thumbgate
