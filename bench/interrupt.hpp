// Ending a benchmark early without leaving anything behind: a signal is noted, whoever waits asks for it, and an
// exception takes everything down that was started.
#pragma once

#include <stdexcept>

namespace thumbgate::bench {

struct Interrupted : std::runtime_error {
    Interrupted() : std::runtime_error("interrupted") {}
};

// From here on SIGINT, SIGTERM and SIGHUP are noted.
void note_interrupts();

// Throws Interrupted when one has come.
void throw_if_interrupted();

}  // namespace thumbgate::bench
