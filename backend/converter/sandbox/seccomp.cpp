#include "backend/converter/sandbox/seccomp.hpp"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <span>

#include "backend/converter/sandbox/system_error.hpp"

namespace thumbgate {
namespace {

// Each by who asks for it.
constexpr int kAllowed[] = {
    // The jobs: their messages, sources and results.
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendmsg),
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(dup),
    SCMP_SYS(fstat),
    SCMP_SYS(close),
    SCMP_SYS(getrusage),
    // Memory, as malloc, glib and libvips' buffers take and return it. Executable memory: see below.
    SCMP_SYS(munmap),
    SCMP_SYS(brk),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    // Threads: libvips' own, and those of dav1d and aom. How they are made: see below.
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(gettid),
    SCMP_SYS(exit),
    // Time, where the kernel does not answer it in user space, and waiting.
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(restart_syscall),
    // Seeds of hash tables.
    SCMP_SYS(getrandom),
    // glibc sorts in memory only where there is enough of it.
    SCMP_SYS(sysinfo),
    // The end: regular, or by abort().
    SCMP_SYS(exit_group),
    SCMP_SYS(getpid),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigreturn),
};

// Asked for by libraries that go on without it.
struct Refused {
    int call;
    int error;
};
constexpr Refused kRefused[] = {
    // glibc makes threads by clone then, whose flags a filter can see.
    {SCMP_SYS(clone3), ENOSYS},
    // Threads get names.
    {SCMP_SYS(prctl), EPERM},
#ifndef __SANITIZE_ADDRESS__
    // libjxl says on standard error what is wrong with a picture. A result is written by pwrite64 alone.
    {SCMP_SYS(write), EBADF},
#endif
};

// glibc counts processors in /sys for libheif, and reads how memory may be overcommitted when it frees.
constexpr Refused kRefusedWithoutFiles[] = {{SCMP_SYS(openat), ENOENT}};

constexpr Refused kRefusedWithFiles[] = {
    // fontconfig asks whether a font is there before FreeType opens it: it is told so, without a look at any file.
    {SCMP_SYS(access), 0},
    {SCMP_SYS(faccessat), 0},
#ifndef __SANITIZE_ADDRESS__
    // librsvg asks for the name of its program.
    {SCMP_SYS(readlink), ENOENT},
    {SCMP_SYS(readlinkat), ENOENT},
#endif
};

// Whatever opens a file for anything else than reading it, or makes one.
constexpr unsigned long kMoreThanReading =
    O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_PATH | (O_TMPFILE & ~O_DIRECTORY);

// What a sanitizer needs to tell its report.
#ifdef __SANITIZE_ADDRESS__
constexpr int kAllowedToSanitizer[] = {
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getppid),
    SCMP_SYS(uname),
    SCMP_SYS(getrlimit),
    SCMP_SYS(prlimit64),
    SCMP_SYS(prctl),
    // It looks whether memory may be read by writing it into a pipe.
    SCMP_SYS(pipe),
    SCMP_SYS(pipe2),
};
constexpr Refused kRefusedToSanitizer[] = {
    {SCMP_SYS(readlink), ENOENT},
    {SCMP_SYS(readlinkat), ENOENT},
    {SCMP_SYS(stat), ENOENT},
    {SCMP_SYS(open), ENOENT},
};
#endif

// Exactly what glibc makes a thread of, which shares everything with its process.
constexpr unsigned long kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                                       CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

// Collects rules; remembers the first that libseccomp does not take.
class Filter {
  public:
    Filter() : context_(seccomp_init(SCMP_ACT_KILL_PROCESS)) {
        if (!context_) {
            fail("seccomp_init", ENOMEM);
            return;
        }
        // Calls of another architecture would end their thread alone.
        check("other calls", seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
        // A search instead of a walk: every read of a picture passes here.
        check("optimize", seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
    }

    void allow(std::span<const int> calls) {
        for (const int call : calls) add(SCMP_ACT_ALLOW, call, {});
    }
    void allow_if(int call, scmp_arg_cmp condition) { add(SCMP_ACT_ALLOW, call, {&condition, 1}); }
    void refuse_if(int call, scmp_arg_cmp condition, int error) {
        add(SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call, {&condition, 1});
    }
    void refuse(std::span<const Refused> calls) {
        for (const auto [call, error] : calls) add(SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call, {});
    }

    std::expected<void, std::string> install() {
        // What it returns is always ECANCELED; errno is the kernel's.
        if (error_.empty() && seccomp_load(context_.get()) != 0) fail("seccomp", errno);
        if (!error_.empty()) return std::unexpected(error_);
        return {};
    }

  private:
    struct Release {
        void operator()(void* context) const { seccomp_release(context); }
    };

    void add(std::uint32_t action, int call, std::span<const scmp_arg_cmp> conditions) {
        if (!context_) return;
        const auto count = static_cast<unsigned>(conditions.size());
        check("seccomp rule", seccomp_rule_add_array(context_.get(), action, call, count, conditions.data()));
    }
    // libseccomp returns what would be in errno, negative.
    void check(const char* what, int result) {
        if (result != 0) fail(what, -result);
    }
    void fail(const char* what, int error) {
        if (error_.empty()) error_ = system_error(what, error).error();
    }

    std::unique_ptr<void, Release> context_;
    std::string error_;
};

void allow_with_arguments(Filter& filter) {
    filter.allow_if(SCMP_SYS(mmap), SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    filter.allow_if(SCMP_SYS(mprotect), SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    filter.allow_if(SCMP_SYS(clone), SCMP_A0_64(SCMP_CMP_EQ, kThreadFlags));
    // glibc's fstat.
    filter.allow_if(SCMP_SYS(newfstatat), SCMP_A3_64(SCMP_CMP_EQ, AT_EMPTY_PATH));
    // abort(), so that the broker sees SIGABRT, and nobody else.
    filter.allow_if(SCMP_SYS(tgkill), SCMP_A0_64(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid())));
}

void allow_reading(Filter& filter) {
    filter.allow_if(SCMP_SYS(openat), SCMP_A2_64(SCMP_CMP_MASKED_EQ, kMoreThanReading, O_RDONLY));
    // FreeType closes a font's file for what would be executed.
    filter.allow_if(SCMP_SYS(fcntl), SCMP_A1_64(SCMP_CMP_EQ, F_SETFD));
    // gdk-pixbuf looks for the names of types of which it has no decoder.
    filter.refuse_if(SCMP_SYS(newfstatat), SCMP_A3_64(SCMP_CMP_NE, AT_EMPTY_PATH), ENOENT);
    filter.refuse(kRefusedWithFiles);
}

}  // namespace

std::expected<void, std::string> install_seccomp_filter(Files files) {
    Filter filter;
    filter.allow(kAllowed);
    filter.refuse(kRefused);
    if (files == Files::none) filter.refuse(kRefusedWithoutFiles);
    if (files == Files::readable) allow_reading(filter);
    allow_with_arguments(filter);
#ifdef __SANITIZE_ADDRESS__
    filter.allow(kAllowedToSanitizer);
    filter.refuse(kRefusedToSanitizer);
#endif
    return filter.install();
}

}  // namespace thumbgate
