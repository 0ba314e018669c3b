// An empty machine around the converters: no file system, no network, nobody to talk to, and no rights of root. What
// the kernel or an operator does not permit is left out: seccomp does not rely on it.
#pragma once

#include "backend/converter/sandbox/layers.hpp"

namespace thumbgate {

// For the zygote, once it has loaded what it needs from files, while it has one thread. Root becomes nobody. Its
// children inherit it all.
SandboxLayers enter_namespaces();

// For a converter: it counts for itself where the kernel counts by user. False where that is not permitted.
bool enter_own_user_namespace();

// For the calling process and its children. False when that failed.
bool drop_capabilities();

}  // namespace thumbgate
