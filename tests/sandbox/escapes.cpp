// Attacks that are one system call, made past libc.
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "tests/sandbox/attacks.hpp"

namespace thumbgate::test {
namespace {

constexpr std::size_t kPage = 4096;

char* const* no_strings() {
    static char* none[] = {nullptr};
    return none;
}

long open_by(long call, const char* path) {
    if (call == SYS_openat) return syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
    const std::array<std::uint64_t, 3> how{O_RDONLY, 0, 0};
    return syscall(SYS_openat2, AT_FDCWD, path, how.data(), sizeof how);
}

constexpr const char* kFont = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

long open_for(const char* path, int flags) {
    constexpr unsigned kMode = 0600;
    return syscall(SYS_openat, AT_FDCWD, path, flags, kMode);
}

long map_code() {
    void* code = mmap(nullptr, kPage, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return code == MAP_FAILED ? -1 : 0;
}

long turn_into_code() {
    void* data = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(data, kPage, PROT_READ | PROT_EXEC);
}

long fork_by_clone3() {
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    return syscall(SYS_clone3, &arguments, sizeof arguments);
}

long read_memory_of(pid_t broker) {
    std::array<char, 16> bytes{};
    const iovec here{bytes.data(), bytes.size()};
    const iovec there{reinterpret_cast<void*>(kPage), bytes.size()};
    return syscall(SYS_process_vm_readv, broker, &here, 1, &there, 1, 0);
}

long queue_signal(pid_t broker) {
    siginfo_t info{};
    info.si_code = SI_QUEUE;
    return syscall(SYS_rt_sigqueueinfo, broker, SIGTERM, &info);
}

long look_at(const char* path) {
    struct stat facts{};
    return syscall(SYS_newfstatat, AT_FDCWD, path, &facts, AT_EMPTY_PATH);
}

#ifdef __x86_64__
// The 32-bit calls have other numbers: 20 is getpid there, and writev here.
long by_32_bit_gate() {
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "memory");
    return result;
}
constexpr long kX32 = 0x40000000;
#endif

struct Escape {
    std::string_view name;
    long (*run)(const Scene& scene);
};

constexpr Escape kEscapes[] = {
    {"openat", [](const Scene&) { return open_by(SYS_openat, "/etc/passwd"); }},
    {"openat2", [](const Scene&) { return open_by(SYS_openat2, "/etc/passwd"); }},
    {"proc", [](const Scene&) { return open_by(SYS_openat, "/proc/self/status"); }},
    {"stat", [](const Scene&) { return look_at("/etc/passwd"); }},
    {"read-font", [](const Scene&) { return open_for(kFont, O_RDONLY | O_CLOEXEC); }},
    {"list-fonts", [](const Scene&) { return open_for("/usr/share/fonts", O_RDONLY | O_DIRECTORY); }},
    {"leave-fonts", [](const Scene&) { return open_for("/usr/share/fonts/../../../etc/passwd", O_RDONLY); }},
    {"font-as-folder", [](const Scene&) { return open_for(kFont, O_RDONLY | O_DIRECTORY); }},
    {"write-font", [](const Scene&) { return open_for(kFont, O_RDWR); }},
    {"append-to-font", [](const Scene&) { return open_for(kFont, O_WRONLY | O_APPEND); }},
    {"cut-font", [](const Scene&) { return open_for(kFont, O_RDONLY | O_TRUNC); }},
    {"place-of-file", [](const Scene&) { return open_for("/etc/passwd", O_PATH); }},
    {"make-file", [](const Scene&) { return open_for("/usr/share/fonts/new", O_RDONLY | O_CREAT); }},
    {"make-nameless-file", [](const Scene&) { return open_for("/tmp", O_RDWR | O_TMPFILE); }},
    {"inet-socket", [](const Scene&) { return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }},
    {"unix-socket", [](const Scene&) { return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }},
    {"execve", [](const Scene&) { return syscall(SYS_execve, "/bin/true", no_strings(), no_strings()); }},
    {"fexecve",
     [](const Scene& scene) {
         return syscall(SYS_execveat, scene.files.output, "", no_strings(), no_strings(), AT_EMPTY_PATH);
     }},
    {"map-code", [](const Scene&) { return map_code(); }},
    {"turn-into-code", [](const Scene&) { return turn_into_code(); }},
    {"fork", [](const Scene&) { return syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0); }},
    {"vfork", [](const Scene&) { return syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr, 0, 0, 0); }},
    {"clone3", [](const Scene&) { return fork_by_clone3(); }},
    {"ptrace", [](const Scene& scene) { return syscall(SYS_ptrace, PTRACE_ATTACH, scene.broker, 0, 0); }},
    {"kill", [](const Scene& scene) { return syscall(SYS_kill, scene.broker, SIGTERM); }},
    {"kill-all", [](const Scene&) { return syscall(SYS_kill, -1, SIGTERM); }},
    {"tgkill", [](const Scene& scene) { return syscall(SYS_tgkill, scene.broker, scene.broker, SIGTERM); }},
    {"tkill", [](const Scene& scene) { return syscall(SYS_tkill, scene.broker, SIGTERM); }},
    {"pidfd", [](const Scene& scene) { return syscall(SYS_pidfd_open, scene.broker, 0); }},
    {"pidfd-signal",
     [](const Scene& scene) { return syscall(SYS_pidfd_send_signal, scene.files.source, SIGTERM, 0, 0); }},
    {"sigqueue", [](const Scene& scene) { return queue_signal(scene.broker); }},
    {"read-memory", [](const Scene& scene) { return read_memory_of(scene.broker); }},
    {"inject-input", [](const Scene&) { return syscall(SYS_ioctl, 0, TIOCSTI, "x"); }},
    {"undo-dumpable", [](const Scene&) { return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0); }},
    {"raise-limit", [](const Scene&) { return syscall(SYS_prlimit64, 0, 0, nullptr, nullptr); }},
    {"memfd", [](const Scene&) { return syscall(SYS_memfd_create, "x", 0); }},
    {"lock-file", [](const Scene& scene) { return syscall(SYS_flock, scene.files.source, 2); }},
    {"truncate", [](const Scene& scene) { return syscall(SYS_ftruncate, scene.files.output, 0); }},
    {"change-flags", [](const Scene& scene) { return syscall(SYS_fcntl, scene.files.source, F_SETFL, O_NONBLOCK); }},
    {"io-uring", [](const Scene&) { return syscall(SYS_io_uring_setup, 1, nullptr); }},
    {"userfaultfd", [](const Scene&) { return syscall(SYS_userfaultfd, 0); }},
    {"bpf", [](const Scene&) { return syscall(SYS_bpf, 0, nullptr, 0); }},
    {"keyctl", [](const Scene&) { return syscall(SYS_keyctl, 0, 0, 0, 0, 0); }},
    {"mount", [](const Scene&) { return syscall(SYS_mount, "x", "/", "tmpfs", 0, nullptr); }},
    {"chroot", [](const Scene&) { return syscall(SYS_chroot, "/"); }},
    {"unshare", [](const Scene&) { return syscall(SYS_unshare, CLONE_NEWUSER); }},
    {"setns", [](const Scene& scene) { return syscall(SYS_setns, scene.files.source, 0); }},
    {"setuid", [](const Scene&) { return syscall(SYS_setuid, 0); }},
    {"perf", [](const Scene&) { return syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0); }},
    {"shared-memory", [](const Scene&) { return syscall(SYS_shmget, 1, kPage, 0); }},
    {"parent", [](const Scene&) { return syscall(SYS_getppid); }},
#ifdef __x86_64__
    {"open", [](const Scene&) { return syscall(SYS_open, "/etc/passwd", O_RDONLY); }},
    {"x32", [](const Scene&) { return syscall(kX32 | SYS_getpid); }},
    {"32-bit", [](const Scene&) { return by_32_bit_gate(); }},
#endif
};

}  // namespace

bool try_to_escape(std::string_view name, const Scene& scene, JobReply& reply) {
    const auto escape = std::ranges::find(kEscapes, name, &Escape::name);
    if (escape == std::end(kEscapes)) return false;
    reply = outcome_of(scene.request, escape->run(scene));
    return true;
}

}  // namespace thumbgate::test
