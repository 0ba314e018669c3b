// The life of a converter: it locks itself in, warms up, says that it is ready, and takes one job after the other
// until the broker closes the job socket.
#pragma once

#include <string>
#include <vector>

#include "backend/converter/pipeline.hpp"
#include "backend/converter/sandbox/sandbox.hpp"
#include "backend/unique_fd.hpp"

namespace thumbgate {

struct Calling {
    SandboxLimits limits;
    ConverterKind kind;
    JobRunner run;  // what does a job: or in tests what stands for a decoder in an attacker's hands
};

// What every converter of a zygote is born with.
struct Heritage {
    Calling calling;
    std::vector<std::string> fonts;  // folders
    SandboxLayers layers;            // in force already
};

// Runs in a process forked for it, and ends the process.
[[noreturn]] void run_converter(UniqueFd job_socket, const Heritage& heritage);

}  // namespace thumbgate
