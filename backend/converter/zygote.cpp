#include "backend/converter/zygote.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

#include "backend/converter/channel.hpp"
#include "backend/converter/fonts.hpp"
#include "backend/converter/libvips.hpp"
#include "backend/converter/sandbox/namespaces.hpp"
#include "backend/converter/sandbox/system_error.hpp"
#include "backend/converter/worker.hpp"
#include "backend/converter/zygote_protocol.hpp"
#include "faults/fault_point.hpp"

namespace thumbgate {
namespace {

// Descriptors up to this one read and write nothing in a converter. A sanitizer's report is worth more than a converter
// that cannot write to the log.
#ifdef __SANITIZE_ADDRESS__
constexpr int kLastSilenced = STDOUT_FILENO;
#else
constexpr int kLastSilenced = STDERR_FILENO;
#endif

// Signals from a terminal or a service manager are for the broker, which drains first: it ends us by our socket.
void leave_signals_to_the_broker() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) signal(number, SIG_IGN);
}

// Blocks SIGCHLD, so that it is read instead.
UniqueFd open_child_events() {
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, nullptr);
    return UniqueFd(signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
}

// The converters that run, each with the pipe on which the broker is told how it ended.
class Children {
  public:
    void add(pid_t pid, UniqueFd pipe) { pipes_.emplace(pid, std::move(pipe)); }

    void reap(const UniqueFd& child_events) {
        signalfd_siginfo event{};
        while (read(child_events.get(), &event, sizeof event) > 0) continue;
        siginfo_t ended{};
        while (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG) == 0 && ended.si_pid != 0) {
            report(ended);
            pipes_.erase(ended.si_pid);
            ended.si_pid = 0;
        }
    }

  private:
    void report(const siginfo_t& ended) {
        const auto pipe = pipes_.find(ended.si_pid);
        if (pipe == pipes_.end()) return;
        auto notice = blank_message<EndNotice>();
        notice.was_signalled = ended.si_code == CLD_EXITED ? 0 : 1;
        notice.number = ended.si_status;
        // An empty pipe takes it whole. Who does not listen any more does not want to know.
        static_cast<void>(!write(pipe->second.get(), &notice, sizeof notice));
    }

    std::map<pid_t, UniqueFd> pipes_;
};

// What every converter is forked with.
struct Estate {
    Heritage heritage;
    UniqueFd nothing;  // /dev/null
};

// Leaves the job socket, as descriptor 3, and nothing else to read from.
bool keep_only(const UniqueFd& job_socket, const UniqueFd& nothing) {
    for (int number = STDIN_FILENO; number <= kLastSilenced; ++number) {
        if (dup2(nothing.get(), number) < 0) return false;
    }
    if (dup2(job_socket.get(), kControlSocket) < 0) return false;
    return close_range(kControlSocket + 1, ~0U, 0) == 0;
}

[[noreturn]] void become_converter(UniqueFd& job_socket, pid_t zygote, std::uint8_t niceness, const Estate& estate) {
    THUMB_FAULT_POINT("converter-forked");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const bool orphaned = getppid() != zygote;  // it died before we asked to die with it
    if (orphaned || !keep_only(job_socket, estate.nothing)) _exit(EXIT_FAILURE);
    static_cast<void>(job_socket.release());  // closed by now
    if (niceness > 0) setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + niceness);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    run_converter(UniqueFd(kControlSocket), estate.heritage);
}

// Tells the broker who its converter is. False when that failed.
bool announce(const UniqueFd& job_socket, pid_t pid, int end_of_pipe) {
    // Not reaped yet, so the number is still the child's.
    const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) return false;
    auto notice = blank_message<SpawnNotice>();
    notice.kind = SpawnNotice::Kind::started;
    notice.pid = pid;
    const std::array<int, 2> descriptors{pidfd.get(), end_of_pipe};
    return send_message(job_socket.get(), bytes_of(notice), descriptors, MSG_DONTWAIT);
}

// Where anything fails, the broker sees its job socket closed.
void spawn_converter(UniqueFd job_socket, std::uint8_t niceness, const Estate& estate, Children& children) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return;
    const UniqueFd brokers_end(ends[0]);
    UniqueFd our_end(ends[1]);
    const pid_t zygote = getpid();
    const pid_t pid = fork();
    if (pid == 0) become_converter(job_socket, zygote, niceness, estate);
    if (pid < 0) return;
    if (!announce(job_socket, pid, brokers_end.get())) kill(pid, SIGKILL);
    children.add(pid, std::move(our_end));
}

bool say_hello(int control_socket) {
    auto hello = blank_message<ZygoteHello>();
    libvips_version().copy(hello.libvips.data(), hello.libvips.size() - 1);
    return send_message(control_socket, bytes_of(hello));
}

// False when the broker is gone.
bool serve_request(int control_socket, const Estate& estate, Children& children) {
    auto request = blank_message<SpawnRequest>();
    Received received = receive_message(control_socket, writable_bytes_of(request));
    if (!received) return false;
    if (received.descriptors[0]) {
        spawn_converter(std::move(received.descriptors[0]), request.niceness, estate, children);
    }
    return true;
}

}  // namespace

std::expected<void, std::string> run_zygote(int control_socket, const Calling& calling) {
    leave_signals_to_the_broker();
    if (auto started = start_libvips(calling.kind); !started) return std::unexpected("libvips: " + started.error());
    const std::vector<std::string> fonts =
        calling.kind == ConverterKind::svg ? load_fonts() : std::vector<std::string>();
    const UniqueFd child_events = open_child_events();
    if (!child_events) return system_error("signalfd");
    UniqueFd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nothing) return system_error("/dev/null");
    const Estate estate{{calling, fonts, enter_namespaces(fonts)}, std::move(nothing)};
    if (!say_hello(control_socket)) return system_error("control socket (descriptor 3)");
    Children children;
    std::array<pollfd, 2> events{{{control_socket, POLLIN, 0}, {child_events.get(), POLLIN, 0}}};
    while (poll(events.data(), events.size(), -1) >= 0 || errno == EINTR) {
        if (events[1].revents != 0) children.reap(child_events);
        if (events[0].revents != 0 && !serve_request(control_socket, estate, children)) return {};
    }
    return system_error("poll");
}

}  // namespace thumbgate
