// The system calls of a hit, counted by strace while the worker is under load.
#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "bench/cases.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/files.hpp"
#include "tests/support/process.hpp"

namespace thumbgate::bench {

using namespace thumbgate::test;

namespace {

constexpr auto kStraceDeadline = 20s;
constexpr auto kLoad = 2s;  // what connections cost is little beside so many hits, slow as they are

// How many hits share an epoll_wait depends on the load; the next two are a connection's.
constexpr std::array<std::string_view, 4> kLeftOut{" total", " epoll_wait", " accept4", " epoll_ctl"};

class SystemCallCounter {
  public:
    explicit SystemCallCounter(pid_t pid)
        : strace_({.argv = {"strace", "-c", "-p", std::to_string(pid), "-o", (dir_ / "summary").string()},
                   .stderr_file = dir_ / "messages"}) {
        const auto attached = [this] { return read_if_there(dir_ / "messages").contains("attached"); };
        if (!wait_until(kStraceDeadline, attached)) {
            fail_fixture("strace does not attach: " + read_if_there(dir_ / "messages"));
        }
    }

    // Ends the count.
    double calls() {
        strace_.signal(SIGINT);
        if (!strace_.wait(kStraceDeadline)) fail_fixture("strace does not end");
        const std::string summary = read_file(dir_ / "summary");
        double calls = 0;
        for (const std::string& line : lines_of(summary)) calls += calls_in(line);
        if (calls == 0) fail_fixture("strace counted nothing:\n" + summary);
        return calls;
    }

  private:
    // "<% of time> <seconds> <µs a call> <calls> [<errors>] <name>"; the head and the rules are no calls.
    static double calls_in(const std::string& line) {
        std::istringstream words(line);
        double share = 0, seconds = 0, us = 0, calls = 0;
        words >> share >> seconds >> us >> calls;
        const bool left_out = std::ranges::any_of(kLeftOut, [&](std::string_view end) { return line.ends_with(end); });
        return words && !left_out ? calls : 0;
    }

    TempDir dir_;
    Process strace_;
};

// To a tenth: what comes and goes with connections is not a hit's.
double calls_a_hit(const Edges& edges, const Subject& subject) {
    edges.warm(subject);
    SystemCallCounter counter(edges.worker(subject));
    const Measured measured = edges.measure(subject, Wire::http, kLoad);
    return std::round(10 * counter.calls() / static_cast<double>(measured.requests)) / 10;
}

}  // namespace

Rows system_calls(Context& context) {
    const Edges& edges = context.edges();
    return {{"12 KB, HTTP/1.1, system calls", calls_a_hit(edges, kOurs12k), calls_a_hit(edges, kStock12k),
             "system calls a hit"}};
}

}  // namespace thumbgate::bench
