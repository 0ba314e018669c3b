// Programs started by a test. A process is owned by the object that started it and is never found or signalled by name.
// It dies with the test: killed when the object goes, and by the kernel (PR_SET_PDEATHSIG) when the test program dies.
// The kernel's rule is about the starting thread: start processes from a thread that outlives them (the test's own).
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/unique_fd.hpp"
#include "tests/support/wait.hpp"

namespace thumbgate::test {

// How a process ended: exited with `code`, or was killed by `signal` (then code is -1).
struct ExitStatus {
    int code = -1;
    int signal = 0;
};

struct SpawnOptions {
    std::vector<std::string> argv = {};           // argv[0] is looked up in PATH unless it has a "/"
    std::map<std::string, std::string> env = {};  // added to the test's own environment
    std::filesystem::path cwd = {};               // empty: the test's own
    std::filesystem::path stdout_file = {};       // appended to; empty: /dev/null
    std::filesystem::path stderr_file = {};       // appended to; may be the same file; empty: /dev/null
    int death_signal = SIGKILL;                   // what it gets when the test program dies
    int passed_socket = -1;                       // the program has it as descriptor 3; -1: none
};

class Process {
  public:
    // Starts the program; one that cannot be executed throws std::system_error that names it.
    explicit Process(const SpawnOptions& options);
    // The same on descriptors of the caller's (stdin, stdout, stderr).
    Process(const SpawnOptions& options, int in, int out, int err);
    // A program that was started by another which has ended: an orphan, and so a child of this test program.
    static Process adopt(pid_t orphan);
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    ~Process();

    pid_t pid() const { return pid_; }
    bool running();
    void signal(int number) const;
    // Waits for the end; nothing when `timeout` passes first.
    std::optional<ExitStatus> wait(milliseconds timeout);
    // SIGKILL, then reap. Harmless when it has already ended.
    void kill() noexcept;

  private:
    Process() = default;

    pid_t pid_ = -1;
    UniqueFd pidfd_;
    std::optional<ExitStatus> status_;
};

// A program run to its end.
struct RunResult {
    int exit_code = -1;  // -1: killed by a signal, or by `timeout`
    int signal = 0;
    bool timed_out = false;
    std::string out;
    std::string err;
    bool ok() const { return exit_code == 0; }
};

struct RunOptions {
    std::map<std::string, std::string> env = {};
    std::filesystem::path cwd = {};
    std::string stdin_text = {};
    milliseconds timeout = 30s;
};

RunResult run(const std::vector<std::string>& argv, const RunOptions& options = {});

// Live (not zombie) processes whose parent is `parent`, by /proc, in order of pid.
std::vector<pid_t> children_of(pid_t parent);
// The same with their children, and so on.
std::vector<pid_t> descendants_of(pid_t ancestor);
// The command line with blanks between the arguments; "" if there is no such process.
std::string command_line(pid_t pid);

}  // namespace thumbgate::test
