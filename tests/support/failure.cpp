#include "tests/support/failure.hpp"

#include <iostream>

namespace thumbgate::test {

namespace {

void print(const std::string& message) {
    std::cerr << message << '\n';
}

QuietFailure report_failure = print;

}  // namespace

void fail_fixture(const std::string& message) {
    throw FixtureFailure(message);
}

void fail_quietly(const std::string& message) noexcept {
    try {
        report_failure(message);
    } catch (...) {
        print(message);  // only with --abort, which throws even here; the failure is recorded by then
    }
}

void set_quiet_failure(QuietFailure report) {
    report_failure = report;
}

}  // namespace thumbgate::test
