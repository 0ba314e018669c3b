// How a fixture fails what uses it, be that a test or a benchmark: by an exception, or, where none may be thrown, by
// telling whoever runs.
#pragma once

#include <stdexcept>
#include <string>

namespace thumbgate::test {

struct FixtureFailure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Ends the running test, or the benchmark.
[[noreturn]] void fail_fixture(const std::string& message);

// Fails the running test and returns: never throws, so that teardown may use it, also while a failed REQUIRE unwinds.
void fail_quietly(const std::string& message) noexcept;

// What fail_quietly does; it may throw. Until this is called: it prints the message.
using QuietFailure = void (*)(const std::string& message);
void set_quiet_failure(QuietFailure report);

}  // namespace thumbgate::test
