#include "backend/converter/sandbox/limits.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "backend/converter/sandbox/system_error.hpp"

namespace thumbgate {
namespace {

// AddressSanitizer reserves terabytes of address space.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kAddressSpaceIsOurs = false;
#else
constexpr bool kAddressSpaceIsOurs = true;
#endif

constexpr std::uint64_t kMainStack = 8 << 20;  // bytes
constexpr std::uint64_t kLastWords = 10;       // seconds between SIGXCPU and SIGKILL

struct Bound {
    const char* name;
    __rlimit_resource resource;
    std::uint64_t soft;
    std::uint64_t hard;
};

// Never raises what the process was given.
bool set(const Bound& bound) {
    rlimit given{};
    if (getrlimit(bound.resource, &given) != 0) return false;
    const rlimit limit{std::min(bound.soft, given.rlim_max), std::min(bound.hard, given.rlim_max)};
    return setrlimit(bound.resource, &limit) == 0;
}

}  // namespace

std::expected<void, std::string> set_limits(const SandboxLimits& limits, bool counts_alone) {
    const std::uint64_t space = kAddressSpaceIsOurs ? limits.address_space : RLIM_INFINITY;
    const std::uint64_t threads = counts_alone ? limits.threads : RLIM_INFINITY;
    const Bound bounds[] = {
        {"core size", RLIMIT_CORE, 0, 0},  // a core would hold somebody's picture
        {"address space", RLIMIT_AS, space, space},
        {"stack", RLIMIT_STACK, kMainStack, kMainStack},
        {"file size", RLIMIT_FSIZE, limits.file_size, limits.file_size},
        {"descriptors", RLIMIT_NOFILE, limits.descriptors, limits.descriptors},
        {"threads", RLIMIT_NPROC, threads, threads},
        {"processor time", RLIMIT_CPU, limits.processor_time, limits.processor_time + kLastWords},
        {"locked memory", RLIMIT_MEMLOCK, 0, 0},
        {"message queues", RLIMIT_MSGQUEUE, 0, 0},
        {"pending signals", RLIMIT_SIGPENDING, 0, 0},
    };
    for (const Bound& bound : bounds) {
        if (!set(bound)) return system_error(std::string("limit of ") + bound.name);
    }
    return {};
}

}  // namespace thumbgate
