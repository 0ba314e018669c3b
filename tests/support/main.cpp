// Entry point of every test program. Whatever a test starts, and whatever that starts, stays below this process:
// orphans are adopted by it (PR_SET_CHILD_SUBREAPER), and a test case that ends with one of them alive makes the
// program fail.
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#endif
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>

#include "tests/support/catch.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/process.hpp"

// Read by the sanitizers' runtimes, where this program was built with them.
extern "C" const char* __ubsan_default_options();
extern "C" const char* __ubsan_default_options() {
    return "print_stacktrace=1:halt_on_error=1";
}

namespace thumbgate::test {

namespace {

constexpr int kLeakExitCode = 70;
constexpr auto kLeakPatience = 2s;  // an orphan may be on its way out

int leaked_processes = 0;

#if __has_include(<catch2/catch_all.hpp>)
using ListenerBase = Catch::EventListenerBase;
#else
using ListenerBase = Catch::TestEventListenerBase;
#endif

void reap_the_dead() {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
}

// testInfo is a value in Catch2 2.x, a pointer in 3.x.
template <typename Stats>
const std::string& name_of(const Stats& stats) {
    if constexpr (requires { stats.testInfo->name; })
        return stats.testInfo->name;
    else
        return stats.testInfo.name;
}

class LeakListener : public ListenerBase {
  public:
    using ListenerBase::ListenerBase;

    // Every fixture of the test case is gone by now, so no child of ours may be left.
    void testCaseEnded(const Catch::TestCaseStats& stats) override {
        const auto none_left = [] {
            reap_the_dead();
            return children_of(getpid()).empty();
        };
        if (wait_until(kLeakPatience, none_left)) return;
        for (const pid_t pid : descendants_of(getpid())) {
            std::cerr << "leaked process " << pid << " (" << command_line(pid) << ") of: " << name_of(stats) << '\n';
            ::kill(pid, SIGKILL);
            ++leaked_processes;
        }
        wait_until(kLeakPatience, none_left);
    }
};
CATCH_REGISTER_LISTENER(LeakListener)

}  // namespace

}  // namespace thumbgate::test

int main(int argc, char** argv) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGPIPE, SIG_IGN);
    thumbgate::test::set_quiet_failure([](const std::string& message) { FAIL_CHECK(message); });
    const int failed = Catch::Session().run(argc, argv);
    return failed ? failed : thumbgate::test::leaked_processes ? thumbgate::test::kLeakExitCode : 0;
}
