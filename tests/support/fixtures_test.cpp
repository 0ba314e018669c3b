// The fixtures fail a test when they must. The planted faults are hidden test cases, run in a second copy of this
// program.
#include <unistd.h>

#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/nginx.hpp"

using namespace thumbgate::test;

namespace {

constexpr const char* kServer = "location / { return 204; }";

// In a temporary folder of its own, since a program that is killed cannot tidy up.
RunResult run_planted(const std::string& test_case) {
    const TempDir dir;
    return run({"/proc/self/exe", test_case}, {.env = {{"TMPDIR", dir.path()}}});
}

void write_to_error_log(const Nginx& nginx, const std::string& line) {
    std::ofstream(nginx / "log/error.log", std::ios::app) << line << '\n';
}

}  // namespace

TEST_CASE("planted: an alert in error.log", "[.planted]") {
    Nginx nginx({.server = kServer, .module = false});
    write_to_error_log(nginx, "2026/01/01 00:00:00 [alert] 1#1: planted");
}

TEST_CASE("planted: a sanitizer's report in error.log", "[.planted]") {
    Nginx nginx({.server = kServer, .module = false});
    write_to_error_log(nginx, "==1==ERROR: AddressSanitizer: heap-use-after-free planted");
}

TEST_CASE("planted: an expected alert", "[.planted]") {
    Nginx nginx({.server = kServer, .module = false});
    nginx.expect_log("planted");
    write_to_error_log(nginx, "2026/01/01 00:00:00 [alert] 1#1: planted");
}

TEST_CASE("planted: an alert behind a failed assertion", "[.planted]") {
    Nginx nginx({.server = kServer, .module = false});
    write_to_error_log(nginx, "2026/01/01 00:00:00 [alert] 1#1: planted");
    REQUIRE(nginx.get("/").status == 200);
}

TEST_CASE("planted: a leaked process", "[.planted]") {
    // The shell dies by its owner's hand; the background job outlives it.
    Process shell({.argv = {"sh", "-c", "sleep 300 & sleep 300"}});
    REQUIRE(wait_until(5s, [&] { return children_of(shell.pid()).size() == 2; }));
}

TEST_CASE("planted: the test program is killed", "[.planted]") {
    Nginx nginx({.server = kServer, .workers = 2, .module = false});
    Process sleeper({.argv = {"sleep", "300"}});
    ::kill(getpid(), SIGKILL);
}

TEST_CASE("a fault in error.log fails the test that ran nginx") {
    const RunResult alert = run_planted("planted: an alert in error.log");
    CHECK_FALSE(alert.ok());
    CHECK_THAT(alert.out, contains("nginx's error.log holds 1 fault(s)") && contains("[alert] 1#1: planted"));
    const RunResult report = run_planted("planted: a sanitizer's report in error.log");
    CHECK_FALSE(report.ok());
    CHECK_THAT(report.out, contains("heap-use-after-free planted"));
    CHECK(run_planted("planted: an expected alert").ok());
}

TEST_CASE("a failed assertion is reported together with nginx's faults") {
    const RunResult result = run_planted("planted: an alert behind a failed assertion");
    CHECK_FALSE(result.ok());
    CHECK_THAT(result.out, contains("204 == 200") && contains("[alert] 1#1: planted"));
    CHECK_THAT(result.err, contains("--- end of nginx's error.log"));
}

TEST_CASE("a leaked process fails the test and is ended") {
    const RunResult result = run_planted("planted: a leaked process");
    CHECK(result.exit_code == 70);
    CHECK_THAT(result.err, contains("leaked process") && contains("(sleep 300)"));
    CHECK(children_of(getpid()).empty());
}

TEST_CASE("nothing outlives a test program that is killed") {
    const RunResult result = run_planted("planted: the test program is killed");
    CHECK(result.signal == SIGKILL);
    // What it started is adopted by this program, and ends by itself.
    CHECK(wait_until(5s, [] { return children_of(getpid()).empty(); }));
}
