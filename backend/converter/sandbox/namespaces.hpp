// An empty machine around the converters: no file system, no network, nobody to talk to, and no rights of root. What
// the kernel or an operator does not permit is left out: seccomp does not rely on it.
#pragma once

#include <span>
#include <string>

#include "backend/converter/sandbox/layers.hpp"

namespace thumbgate {

// For the zygote, once it has loaded what it needs from files, while it has one thread. Root becomes nobody. Its
// children inherit it all. Of the file system they see the `visible` folders alone, and cannot write there; one that is
// not there is passed over.
SandboxLayers enter_namespaces(std::span<const std::string> visible = {});

// For a converter: it counts for itself where the kernel counts by user. False where that is not permitted.
bool enter_own_user_namespace();

// For the calling process and its children. False when that failed.
bool drop_capabilities();

}  // namespace thumbgate
