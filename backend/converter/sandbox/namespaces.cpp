#include "backend/converter/sandbox/namespaces.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "backend/unique_fd.hpp"

namespace thumbgate {
namespace {

// Faults are planted by files in the working directory.
#ifdef THUMB_FAULT_POINTS
constexpr bool kMayLoseFiles = false;
#else
constexpr bool kMayLoseFiles = true;
#endif

constexpr uid_t kNobody = 65534;
constexpr const char* kPlaceOfRoot = "/proc";  // any folder that is always there

bool write_to(const char* path, std::string_view text) {
    const UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
    return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Else the user namespace, whose root is the outer root, would own what root owns.
void become_nobody() {
    if (geteuid() != 0) return;
    const bool changed = setgroups(0, nullptr) == 0 && setresgid(kNobody, kNobody, kNobody) == 0 &&
                         setresuid(kNobody, kNobody, kNobody) == 0;
    // The change made us unreadable in /proc, where the maps of the user namespace are written.
    if (changed) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

bool enter_user_namespace() {
    const std::string user = std::to_string(geteuid());
    const std::string group = std::to_string(getegid());
    if (unshare(CLONE_NEWUSER) != 0) return false;
    write_to("/proc/self/setgroups", "deny");
    const bool has_user = write_to("/proc/self/uid_map", user + " " + user + " 1");
    const bool has_group = write_to("/proc/self/gid_map", group + " " + group + " 1");
    return has_user && has_group;
}

// The kernel's interface: a distribution's header may be older than the kernel that runs.
struct MountAttributes {
    std::uint64_t set;
    std::uint64_t clear;
    std::uint64_t propagation;
    std::uint64_t user_namespace;
};
constexpr long kMountSetAttributes = 442;  // the number of the call, on every architecture

// Puts a folder at the same place below the root to be, for reading alone.
bool show(const std::string& folder) {
    constexpr std::uint64_t kReadOnly = 0x1;
    constexpr std::uint64_t kNothingElse = 0x2 | 0x4 | 0x8;  // no set-user-ID, no devices, no programs
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error)) return true;
    const std::string place = kPlaceOfRoot + folder;
    std::filesystem::create_directories(place, error);
    if (mount(folder.c_str(), place.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) return false;
    const MountAttributes attributes{kReadOnly | kNothingElse, 0, 0, 0};
    return syscall(kMountSetAttributes, AT_FDCWD, place.c_str(), AT_RECURSIVE, &attributes, sizeof attributes) == 0;
}

// A read-only file system that is empty but for what is shown takes the place of the root.
bool leave_file_system(std::span<const std::string> visible) {
    if (unshare(CLONE_NEWNS) != 0) return false;
    constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    const char* size = visible.empty() ? "size=4k,nr_inodes=2,mode=0555" : "size=256k,nr_inodes=256,mode=0555";
    return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount("empty", kPlaceOfRoot, "tmpfs", kFlags, size) == 0 && std::ranges::all_of(visible, show) &&
           chdir(kPlaceOfRoot) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 &&
           chdir("/") == 0 && mount(nullptr, "/", nullptr, MS_REMOUNT | MS_RDONLY | kFlags, nullptr) == 0;
}

}  // namespace

SandboxLayers enter_namespaces(std::span<const std::string> visible) {
    SandboxLayers layers;
    if (kMayLoseFiles) become_nobody();
    if (enter_user_namespace()) layers.add(Layer::user);
    if (unshare(CLONE_NEWNET) == 0) layers.add(Layer::network);
    if (unshare(CLONE_NEWIPC) == 0) layers.add(Layer::ipc);
    if (unshare(CLONE_NEWUTS) == 0) layers.add(Layer::uts);
    if (kMayLoseFiles && leave_file_system(visible)) layers.add(Layer::mount);
    if (drop_capabilities()) layers.add(Layer::capabilities);
    return layers;
}

bool enter_own_user_namespace() {
    return unshare(CLONE_NEWUSER) == 0;
}

bool drop_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    return syscall(SYS_capset, &header, none.data()) == 0;
}

}  // namespace thumbgate
