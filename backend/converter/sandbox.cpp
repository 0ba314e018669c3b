#include "backend/converter/sandbox.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <system_error>

namespace thumbgate {
namespace {

// AddressSanitizer reserves terabytes of address space.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kAddressSpaceIsOurs = false;
#else
constexpr bool kAddressSpaceIsOurs = true;
#endif

std::unexpected<std::string> failed(const char* what) {
    return std::unexpected(std::string(what) + ": " + std::generic_category().message(errno));
}

bool limit(__rlimit_resource resource, std::uint64_t value) {
    const rlimit bound{value, value};
    return setrlimit(resource, &bound) == 0;
}

}  // namespace

std::expected<void, std::string> enter_sandbox(const SandboxLimits& limits) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("dumpable");
    if (!limit(RLIMIT_CORE, 0)) return failed("core size limit");
    if (!limit(RLIMIT_NOFILE, limits.descriptors)) return failed("descriptor limit");
    if (kAddressSpaceIsOurs && !limit(RLIMIT_AS, limits.address_space)) return failed("address space limit");
    return {};
}

}  // namespace thumbgate
