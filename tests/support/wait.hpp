// Waiting for a condition with a deadline. Nothing in the tests sleeps for a fixed time instead.
#pragma once

#include <chrono>
#include <thread>

namespace thumbgate::test {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

// Asks `done` every `step` until it is true (returns true) or `timeout` has passed (returns its last answer).
template <typename Predicate>
bool wait_until(milliseconds timeout, Predicate&& done, milliseconds step = 5ms) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!done()) {
        if (std::chrono::steady_clock::now() >= deadline) return done();
        std::this_thread::sleep_for(step);
    }
    return true;
}

}  // namespace thumbgate::test
