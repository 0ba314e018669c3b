#include "backend/conversion/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "backend/converter/channel.hpp"
#include "backend/converter/zygote_protocol.hpp"

namespace thumbgate {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

// A killed process is gone at once, unless the kernel holds it in the middle of something.
constexpr int kReapPatience = 200;  // milliseconds

std::unexpected<Error> not_started(std::string_view code, std::string detail) {
    return fail_unavailable(std::string(code), "No picture can be converted at the moment.", std::move(detail));
}

std::string with_reason(std::string_view what, int error) {
    return std::string(what) + ": " + std::generic_category().message(error);
}

void kill_by(const UniqueFd& pidfd) {
    if (pidfd) syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

struct SocketPair {
    UniqueFd ours;
    UniqueFd theirs;
};

Result<SocketPair> make_socket_pair() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return not_started(kConvertersDown, with_reason("socketpair", errno));
    }
    return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

UniqueFd duplicate(const UniqueFd& descriptor) {
    return UniqueFd(fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
}

// Nothing of this process's environment but how sanitizers shall report.
std::vector<std::string> clean_environment() {
    std::vector<std::string> variables{"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
#ifdef __SANITIZE_ADDRESS__
    for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS"}) {
        if (const char* value = std::getenv(name)) variables.push_back(std::string(name) + "=" + value);
    }
#endif
    return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

// Descriptor 3 is the socket, 2 our standard error, 0 and 1 are nothing, and there is no other.
class SpawnActions {
  public:
    explicit SpawnActions(int socket) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_adddup2(&actions_, socket, kControlSocket);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addclosefrom_np(&actions_, kControlSocket + 1);
    }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
    const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

// No signal blocked, and a process group of its own: Ctrl-C at a terminal is for us, and we drain first.
class SpawnAttributes {
  public:
    SpawnAttributes() {
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    }
    SpawnAttributes(const SpawnAttributes&) = delete;
    SpawnAttributes& operator=(const SpawnAttributes&) = delete;
    ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
    const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_{};
};

Result<pid_t> execute(const ConverterProgram& program, int socket) {
    std::vector<std::string> arguments{program.path.string(), "--zygote",
                                       "--memory-limit",      std::to_string(program.memory),
                                       "--output-limit",      std::to_string(program.max_output_bytes)};
    if (program.kind == ConverterKind::svg) arguments.emplace_back("--svg");
    std::vector<std::string> environment = clean_environment();
    const SpawnActions actions(socket);
    const SpawnAttributes attributes;
    pid_t pid = -1;
    const int error = posix_spawn(&pid, program.path.c_str(), actions.get(), attributes.get(),
                                  pointers_to(arguments).data(), pointers_to(environment).data());
    if (error != 0) return not_started(kConvertersDown, with_reason(program.path.string(), error));
    return pid;
}

// The next message, of exactly this type.
template <typename Message>
asio::awaitable<Result<Received>> receive(stream_descriptor& socket, Message& message, Deadline deadline) {
    while (true) {
        const Waited waited = co_await wait_readable(socket, deadline);
        if (waited != Waited::ready) co_return not_started(kNoAnswer, "no answer in time");
        Received received = receive_message(socket.native_handle(), writable_bytes_of(message), MSG_DONTWAIT);
        if (received.size < 0 && errno == EAGAIN) continue;
        if (received.size == sizeof message) co_return received;
        co_return not_started(kConvertersDown, "it ended before it was ready");
    }
}

std::string problem_of(const SpawnNotice& notice) {
    return {notice.problem.begin(), std::ranges::find(notice.problem, '\0')};
}

}  // namespace

asio::awaitable<Result<Zygote>> Zygote::start(ConverterProgram program, Deadline deadline) {
    auto sockets = make_socket_pair();
    if (!sockets) co_return std::unexpected(sockets.error());
    const Result<pid_t> pid = execute(program, sockets->theirs.get());
    if (!pid) co_return std::unexpected(pid.error());
    sockets->theirs.reset();
    // Not reaped yet, so the number is still its own.
    Zygote zygote(UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0))), std::move(sockets->ours));
    UniqueFd control = duplicate(zygote.control_);
    if (!zygote.end_ || !control) co_return not_started(kConvertersDown, with_reason("zygote", errno));
    stream_descriptor socket(co_await asio::this_coro::executor, control.release());
    auto hello = blank_message<ZygoteHello>();
    auto received = co_await receive(socket, hello, deadline);
    if (!received) {
        received.error().detail.insert(0, program.path.string() + ": ");
        co_return std::unexpected(received.error());
    }
    co_return zygote;
}

Zygote::Zygote(UniqueFd pidfd, UniqueFd control)
    : pidfd_(std::move(pidfd)), control_(std::move(control)), end_(duplicate(pidfd_)) {}

void Zygote::kill() const {
    kill_by(pidfd_);
}

Zygote::~Zygote() {
    if (!pidfd_) return;
    kill();
    pollfd ended{pidfd_.get(), POLLIN, 0};
    poll(&ended, 1, kReapPatience);
    siginfo_t ignored{};
    waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &ignored, WEXITED | WNOHANG);
}

asio::awaitable<Result<Converter>> Converter::hire(int zygote_control, std::uint8_t niceness, Deadline deadline) {
    auto sockets = make_socket_pair();
    if (!sockets) co_return std::unexpected(sockets.error());
    auto request = blank_message<SpawnRequest>();
    request.niceness = niceness;
    const int theirs = sockets->theirs.get();
    if (!send_message(zygote_control, bytes_of(request), {&theirs, 1}, MSG_DONTWAIT)) {
        co_return not_started(errno == EAGAIN ? kNoAnswer : kConvertersDown, with_reason("zygote", errno));
    }
    sockets->theirs.reset();
    Converter converter(stream_descriptor(co_await asio::this_coro::executor, sockets->ours.release()));
    bool is_ready = false;
    while (!is_ready || !converter.pidfd_) {
        auto notice = blank_message<SpawnNotice>();
        auto received = co_await receive(converter.socket_, notice, deadline);
        if (!received) {
            if (converter.end_) received.error().detail += ": " + describe(co_await converter.ended(deadline));
            co_return std::unexpected(received.error());
        }
        if (notice.kind == SpawnNotice::Kind::refused) co_return not_started(kNotLockedIn, problem_of(notice));
        if (!converter.take(notice, *received)) co_return not_started(kConvertersDown, "a notice of another form");
        if (notice.kind == SpawnNotice::Kind::ready) is_ready = true;
    }
    co_return converter;
}

// Of descriptors, exactly those that belong to the notice.
bool Converter::take(const SpawnNotice& notice, Received& received) {
    if (notice.kind == SpawnNotice::Kind::ready) {
        layers_ = notice.layers;
        return received.descriptor_count() == 0;
    }
    if (notice.kind != SpawnNotice::Kind::started || pidfd_ || received.descriptor_count() != 2) return false;
    pidfd_ = std::move(received.descriptors[0]);
    end_ = std::move(received.descriptors[1]);
    return true;
}

asio::awaitable<ConverterEnd> Converter::ended(Deadline deadline) {
    UniqueFd pipe = duplicate(end_);
    if (!pipe) co_return ConverterEnd{};
    stream_descriptor end(co_await asio::this_coro::executor, pipe.release());
    const Waited waited = co_await wait_readable(end, deadline);
    if (waited != Waited::ready) co_return ConverterEnd{ConverterEnd::Kind::lives};
    auto notice = blank_message<EndNotice>();
    const bool is_told = read(end_.get(), &notice, sizeof notice) == sizeof notice;
    co_return is_told ? end_of(notice) : ConverterEnd{};
}

Converter Converter::moved_to(const asio::any_io_executor& executor, Converter from) {
    Converter moved(stream_descriptor(executor, from.socket_.release()));
    moved.pidfd_ = std::move(from.pidfd_);
    moved.end_ = std::move(from.end_);
    moved.layers_ = from.layers_;
    return moved;
}

std::chrono::nanoseconds Converter::processor_time() const {
    // The pidfd's own number is right in this process's namespace, whatever the zygote's is.
    std::ifstream facts("/proc/self/fdinfo/" + std::to_string(pidfd_.get()));
    std::string word;
    pid_t pid = 0;
    while (facts >> word && word != "Pid:") continue;
    clockid_t clock{};
    timespec used{};
    if (!(facts >> pid) || pid <= 0 || clock_getcpuclockid(pid, &clock) != 0) return {};
    if (clock_gettime(clock, &used) != 0) return {};
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

Converter::~Converter() {
    kill_by(pidfd_);
}

}  // namespace thumbgate
