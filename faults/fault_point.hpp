// Named places at which a test may kill or stop the process, to see that a race which is too short to be met by chance
// is survived. Only programs built for the tests have them (their targets end in _faults); elsewhere a fault point is
// nothing.
//
// The process that reaches THUMB_FAULT_POINT("name") and finds the file fault/name.kill or fault/name.stop in its
// working directory removes it and sends itself SIGKILL or SIGSTOP: one file, one fault.
#pragma once

#ifdef THUMB_FAULT_POINTS

#include <unistd.h>

#include <csignal>
#include <string>

namespace thumbgate {

inline void fault_point(const char* name) noexcept {
    const std::string file = std::string("fault/") + name;
    if (unlink((file + ".kill").c_str()) == 0) kill(getpid(), SIGKILL);
    // To this thread: another one that takes the process's signal lets this one go on for a moment.
    if (unlink((file + ".stop").c_str()) == 0) raise(SIGSTOP);
}

}  // namespace thumbgate

#define THUMB_FAULT_POINT(name) ::thumbgate::fault_point(name)
#else
#define THUMB_FAULT_POINT(name) static_cast<void>(0)
#endif
