#include "tests/support/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

namespace thumbgate::test {

namespace {

[[noreturn]] void throw_errno(const std::string& what, int error = errno) {
    throw std::system_error(error, std::generic_category(), what);
}

UniqueFd open_output(const std::filesystem::path& file) {
    const char* path = file.empty() ? "/dev/null" : file.c_str();
    UniqueFd fd(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!fd) throw_errno(std::string("open ") + path);
    return fd;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
    std::vector<std::string> env;
    for (char** entry = environ; *entry; ++entry) {
        const std::string text(*entry);
        if (!added.contains(text.substr(0, text.find('=')))) env.push_back(text);
    }
    for (const auto& [name, value] : added) env.push_back(name + "=" + value);
    return env;
}

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    pointers.reserve(strings.size() + 1);
    for (const auto& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

struct ChildPlan {
    char* const* argv;
    char* const* envp;
    const char* cwd;
    int in, out, err;
    int death_signal;
    pid_t parent;
    int passed;  // becomes descriptor 3; -1: none
    int report;  // the errno of a failed exec is written here; closed by a successful one
};

// `report`: is moved out of the way.
void pass_as_3(int socket, int& report) {
    if (report == 3) report = fcntl(report, F_DUPFD_CLOEXEC, 4);
    if (socket != 3)
        dup2(socket, 3);
    else
        fcntl(3, F_SETFD, 0);
}

// Between fork and exec: only async-signal-safe calls, since the test may have threads.
[[noreturn]] void become(const ChildPlan& plan) {
    int report = plan.report;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, plan.death_signal);
    if (getppid() != plan.parent) _exit(127);  // the test died before the line above
    const bool ready = dup2(plan.in, 0) >= 0 && dup2(plan.out, 1) >= 0 && dup2(plan.err, 2) >= 0 &&
                       (!*plan.cwd || chdir(plan.cwd) == 0);
    if (ready) {
        close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
        if (plan.passed >= 0) pass_as_3(plan.passed, report);
        execvpe(plan.argv[0], plan.argv, plan.envp);
    }
    const int error = errno;
    [[maybe_unused]] const ssize_t told = write(report, &error, sizeof error);
    _exit(127);
}

ExitStatus status_of(int raw) noexcept {
    return WIFEXITED(raw) ? ExitStatus{WEXITSTATUS(raw), 0} : ExitStatus{-1, WTERMSIG(raw)};
}

UniqueFd memory_file(const char* name, const std::string& content = {}) {
    UniqueFd fd(memfd_create(name, MFD_CLOEXEC));
    if (!fd) throw_errno("memfd_create");
    if (pwrite(fd.get(), content.data(), content.size(), 0) != static_cast<ssize_t>(content.size())) {
        throw_errno("write to memory");
    }
    return fd;
}

std::string content_of(const UniqueFd& fd) {
    std::string content(static_cast<size_t>(lseek(fd.get(), 0, SEEK_END)), '\0');
    if (pread(fd.get(), content.data(), content.size(), 0) < 0) throw_errno("read from memory");
    return content;
}

// A file of a process; "" when the process is gone, also while it is being read.
std::string proc_file(pid_t pid, const char* name) {
    UniqueFd fd(open(("/proc/" + std::to_string(pid) + "/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    std::string content(16384, '\0');
    const ssize_t size = fd ? read(fd.get(), content.data(), content.size()) : 0;
    content.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return content;
}

struct Row {
    pid_t pid;
    pid_t parent;
};

std::vector<Row> live_processes() {
    std::vector<Row> rows;
    DIR* proc = opendir("/proc");
    if (!proc) throw_errno("/proc");
    while (const dirent* entry = readdir(proc)) {
        const std::string name(entry->d_name);
        pid_t pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
        const std::string stat = proc_file(pid, "stat");
        const size_t name_end = stat.rfind(") ");
        if (name_end == std::string::npos) continue;
        const char state = stat[name_end + 2];
        if (state != 'Z' && state != 'X') rows.push_back({pid, std::stoi(stat.substr(name_end + 4))});
    }
    closedir(proc);
    return rows;
}

}  // namespace

Process::Process(const SpawnOptions& options)
    : Process(options, UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)).get(), open_output(options.stdout_file).get(),
              open_output(options.stderr_file).get()) {}

Process::Process(const SpawnOptions& options, int in, int out, int err) {
    const auto env = environment_with(options.env);
    const auto argv_pointers = pointers_to(options.argv);
    const auto env_pointers = pointers_to(env);
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) throw_errno("pipe");
    UniqueFd told(report[0]), tell(report[1]);
    const ChildPlan plan{
        argv_pointers.data(),  env_pointers.data(), options.cwd.c_str(), in, out, err, options.death_signal, getpid(),
        options.passed_socket, tell.get()};
    pid_ = fork();
    if (pid_ < 0) throw_errno("fork");
    if (pid_ == 0) become(plan);
    pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));  // glibc 2.36 declares it for C only
    tell.reset();
    int error = 0;
    if (read(told.get(), &error, sizeof error) == sizeof error) {
        waitpid(pid_, nullptr, 0);
        throw_errno("cannot start " + options.argv.at(0), error);
    }
    if (!pidfd_) throw_errno("pidfd_open");
}

Process Process::adopt(pid_t orphan) {
    Process process;
    process.pid_ = orphan;
    process.pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, orphan, 0)));
    if (!process.pidfd_) throw_errno("pidfd_open");
    return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)), status_(other.status_) {}

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        kill();
        pid_ = std::exchange(other.pid_, -1);
        pidfd_ = std::move(other.pidfd_);
        status_ = other.status_;
    }
    return *this;
}

Process::~Process() {
    kill();
}

bool Process::running() {
    return !wait(0ms);
}

void Process::signal(int number) const {
    if (pid_ > 0 && !status_) ::kill(pid_, number);  // not reaped yet, so the number is still ours
}

std::optional<ExitStatus> Process::wait(milliseconds timeout) {
    if (pid_ < 0 || status_) return status_;
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    pollfd ended{pidfd_.get(), POLLIN, 0};
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
        const int ready = poll(&ended, 1, static_cast<int>(std::max(left, milliseconds(0)).count()));
        if (ready == 0) return {};
        if (ready > 0) break;
        if (errno != EINTR) throw_errno("poll");
    }
    int raw = 0;
    if (waitpid(pid_, &raw, 0) != pid_) throw_errno("waitpid");
    status_ = status_of(raw);
    return status_;
}

void Process::kill() noexcept {
    if (pid_ < 0 || status_) return;
    signal(SIGKILL);
    int raw = 0;
    while (waitpid(pid_, &raw, 0) < 0 && errno == EINTR) {
    }
    status_ = status_of(raw);
}

RunResult run(const std::vector<std::string>& argv, const RunOptions& options) {
    UniqueFd in = memory_file("stdin", options.stdin_text);
    UniqueFd out = memory_file("stdout");
    UniqueFd err = memory_file("stderr");
    Process process({.argv = argv, .env = options.env, .cwd = options.cwd}, in.get(), out.get(), err.get());
    RunResult result;
    auto status = process.wait(options.timeout);
    result.timed_out = !status;
    if (!status) process.kill();
    if (status) result.exit_code = status->code, result.signal = status->signal;
    result.out = content_of(out);
    result.err = content_of(err);
    return result;
}

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> found;
    for (const Row& row : live_processes()) {
        if (row.parent == parent) found.push_back(row.pid);
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<pid_t> descendants_of(pid_t ancestor) {
    const auto rows = live_processes();
    std::vector<pid_t> found{ancestor};
    for (size_t i = 0; i < found.size(); ++i) {
        for (const Row& row : rows) {
            if (row.parent == found[i]) found.push_back(row.pid);
        }
    }
    found.erase(found.begin());
    std::sort(found.begin(), found.end());
    return found;
}

std::string command_line(pid_t pid) {
    std::string text = proc_file(pid, "cmdline");
    while (!text.empty() && text.back() == '\0') text.pop_back();
    std::replace(text.begin(), text.end(), '\0', ' ');
    return text;
}

}  // namespace thumbgate::test
