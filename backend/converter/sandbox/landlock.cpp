#include "backend/converter/sandbox/landlock.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "backend/unique_fd.hpp"

// The kernel's interface as of ABI 7, since a distribution's header may be older than the kernel that runs. The numbers
// of the calls are the same on every architecture.
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

namespace thumbgate {
namespace {

struct Ruleset {
    std::uint64_t files;    // rights that are withdrawn but where a rule grants them
    std::uint64_t network;  // from ABI 4 on
    std::uint64_t scopes;   // from ABI 6 on
};

struct [[gnu::packed]] FolderRule {
    std::uint64_t files;  // rights that are granted for all that is below
    std::int32_t folder;  // descriptor
};

constexpr unsigned kAskVersion = 1;
constexpr unsigned kForFolder = 1;  // the type of a FolderRule
constexpr std::uint32_t kNetworkSince = 4;
constexpr std::uint32_t kScopesSince = 6;
constexpr std::uint64_t kNetworkRights = 0x3;  // bind and connect TCP
constexpr std::uint64_t kScopes = 0x3;         // abstract unix sockets, signals
constexpr std::uint64_t kReadFile = 1ULL << 2;

// Each ABI added rights; one that the kernel does not know would be refused.
std::uint64_t file_rights(std::uint32_t abi) {
    constexpr std::uint64_t kFirst = (1ULL << 13) - 1;
    constexpr std::uint64_t kRefer = 1ULL << 13;
    constexpr std::uint64_t kTruncate = 1ULL << 14;
    constexpr std::uint64_t kDeviceIoctl = 1ULL << 15;
    std::uint64_t rights = kFirst;
    if (abi >= 2) rights |= kRefer;
    if (abi >= 3) rights |= kTruncate;
    if (abi >= 5) rights |= kDeviceIoctl;
    return rights;
}

std::size_t ruleset_size(std::uint32_t abi) {
    if (abi < kNetworkSince) return offsetof(Ruleset, network);
    return abi < kScopesSince ? offsetof(Ruleset, scopes) : sizeof(Ruleset);
}

bool grant_reading(const UniqueFd& ruleset, const std::string& folder) {
    const UniqueFd place(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!place) return true;
    const FolderRule rule{kReadFile, place.get()};
    return syscall(SYS_landlock_add_rule, ruleset.get(), kForFolder, &rule, 0) == 0;
}

}  // namespace

std::uint32_t enter_landlock(std::span<const std::string> readable) {
    const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
    if (version <= 0) return 0;
    const auto abi = static_cast<std::uint32_t>(version);
    const Ruleset nothing{file_rights(abi), kNetworkRights, kScopes};
    const UniqueFd ruleset(static_cast<int>(syscall(SYS_landlock_create_ruleset, &nothing, ruleset_size(abi), 0)));
    if (!ruleset) return 0;
    for (const std::string& folder : readable) {
        if (!grant_reading(ruleset, folder)) return 0;
    }
    if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return 0;
    return abi;
}

}  // namespace thumbgate
