// What became of a converter that was lost: for the log, for the metrics, and for the question whether its job is to
// blame. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "backend/converter/zygote_protocol.hpp"

namespace thumbgate {

struct ConverterEnd {
    enum class Kind : std::uint8_t {
        lives,    // it has not ended
        unknown,  // its zygote ended first, and took it along
        exited,   // by itself
        signalled,
    };
    Kind kind = Kind::unknown;
    int number = 0;  // exit status or signal
};

// What a zygote reports.
ConverterEnd end_of(const EndNotice& notice);

// The converter broke by what it did. False where somebody else ended it: SIGKILL is sent by operators and by a kernel
// that is short of memory, never by a converter, which cannot send signals.
bool is_own_doing(const ConverterEnd& end);

// One of a few words: forbidden_call, cpu_limit, file_limit, crash, exit, killed, silent.
std::string_view reason(const ConverterEnd& end);

// "killed by SIGSYS, a forbidden system call"
std::string describe(const ConverterEnd& end);

}  // namespace thumbgate
