#include "backend/converter/zygote.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <system_error>

#include "backend/converter/channel.hpp"
#include "backend/converter/libvips.hpp"
#include "backend/converter/worker.hpp"
#include "backend/converter/zygote_protocol.hpp"

namespace thumbgate {
namespace {

// A sanitizer's report is worth more than a converter that cannot write to the log.
#ifdef __SANITIZE_ADDRESS__
constexpr int kFirstPrivateOutput = STDERR_FILENO + 1;
#else
constexpr int kFirstPrivateOutput = STDERR_FILENO;
#endif

std::unexpected<std::string> failed(const char* what) {
    return std::unexpected(std::string(what) + ": " + std::generic_category().message(errno));
}

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

void reap_children(const UniqueFd& child_events) {
    signalfd_siginfo event{};
    while (read(child_events.get(), &event, sizeof event) > 0) continue;
    while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
}

// Leaves the job socket, as descriptor 3, and nothing else to read from or to write to.
bool keep_only(const UniqueFd& job_socket) {
    const UniqueFd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nothing) return false;
    for (int number = STDIN_FILENO; number < kFirstPrivateOutput + 1 && number <= STDERR_FILENO; ++number) {
        if (dup2(nothing.get(), number) < 0) return false;
    }
    if (dup2(job_socket.get(), kControlSocket) < 0) return false;
    return close_range(kControlSocket + 1, ~0U, 0) == 0;
}

[[noreturn]] void become_converter(UniqueFd job_socket, pid_t zygote, const SandboxLimits& limits) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const bool orphaned = getppid() != zygote;  // it died before we asked to die with it
    if (orphaned || !keep_only(job_socket)) _exit(EXIT_FAILURE);
    static_cast<void>(job_socket.release());  // closed by now
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    run_converter(UniqueFd(kControlSocket), limits);
}

void spawn_converter(UniqueFd job_socket, const SandboxLimits& limits) {
    const pid_t zygote = getpid();
    const pid_t pid = fork();
    if (pid == 0) become_converter(std::move(job_socket), zygote, limits);
    if (pid < 0) return;  // the broker sees its job socket closed
    // Not reaped yet, so the number is still the child's.
    const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    auto notice = blank_message<SpawnNotice>();
    notice.kind = SpawnNotice::Kind::started;
    notice.pid = pid;
    const int descriptor = pidfd.get();
    if (pidfd) send_message(job_socket.get(), bytes_of(notice), {&descriptor, 1});
}

bool say_hello(int control_socket) {
    auto hello = blank_message<ZygoteHello>();
    libvips_version().copy(hello.libvips.data(), hello.libvips.size() - 1);
    return send_message(control_socket, bytes_of(hello));
}

// False when the broker is gone.
bool serve_request(int control_socket, const SandboxLimits& limits) {
    auto request = blank_message<SpawnRequest>();
    Received received = receive_message(control_socket, writable_bytes_of(request));
    if (!received) return false;
    if (received.descriptors[0]) spawn_converter(std::move(received.descriptors[0]), limits);
    return true;
}

}  // namespace

std::expected<void, std::string> run_zygote(int control_socket, const SandboxLimits& limits) {
    leave_signals_to_the_broker();
    if (auto started = start_libvips(); !started) return std::unexpected("libvips: " + started.error());
    const UniqueFd child_events = open_child_events();
    if (!child_events) return failed("signalfd");
    if (!say_hello(control_socket)) return failed("control socket (descriptor 3)");
    std::array<pollfd, 2> events{{{control_socket, POLLIN, 0}, {child_events.get(), POLLIN, 0}}};
    while (poll(events.data(), events.size(), -1) >= 0 || errno == EINTR) {
        if (events[1].revents != 0) reap_children(child_events);
        if (events[0].revents != 0 && !serve_request(control_socket, limits)) return {};
    }
    return failed("poll");
}

}  // namespace thumbgate
