#include "bench/interrupt.hpp"

#include <csignal>

namespace thumbgate::bench {

namespace {

volatile std::sig_atomic_t interrupted = 0;

void note(int) {
    interrupted = 1;
}

}  // namespace

void note_interrupts() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, note);
}

void throw_if_interrupted() {
    if (interrupted != 0) throw Interrupted();
}

}  // namespace thumbgate::bench
