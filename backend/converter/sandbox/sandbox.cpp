#include "backend/converter/sandbox/sandbox.hpp"

#include <sys/prctl.h>

#include "backend/converter/sandbox/landlock.hpp"
#include "backend/converter/sandbox/namespaces.hpp"
#include "backend/converter/sandbox/system_error.hpp"

namespace thumbgate {

std::expected<SandboxLayers, std::string> enter_sandbox(const SandboxLimits& limits, SandboxLayers inherited,
                                                        Files files, std::span<const std::string> readable) {
    SandboxLayers layers = inherited;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error("no_new_privs");
    layers.add(Layer::no_new_privs);

    const bool counts_alone = enter_own_user_namespace();
    if (drop_capabilities()) layers.add(Layer::capabilities);

    // Not to be traced or looked into by others, who could then ask it for what it reads.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return system_error("dumpable");

    if (auto limited = set_limits(limits, counts_alone); !limited) return std::unexpected(limited.error());
    layers.add(Layer::limits);

    layers.landlock_abi = enter_landlock(readable);
    if (layers.landlock_abi > 0) layers.add(Layer::landlock);
    // Where files may be opened nothing else says which.
    if (files != Files::none && !layers.has(Layer::landlock)) return std::unexpected("landlock: this kernel has none");

    // Last: it forbids what the others need.
    if (auto filtered = install_seccomp_filter(files); !filtered) return std::unexpected(filtered.error());
    layers.add(Layer::seccomp);
    return layers;
}

}  // namespace thumbgate
