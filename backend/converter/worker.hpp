// The life of a converter: it locks itself in, warms up, says that it is ready, and takes one job after the other
// until the broker closes the job socket.
#pragma once

#include "backend/converter/protocol.hpp"
#include "backend/converter/sandbox/sandbox.hpp"
#include "backend/unique_fd.hpp"

namespace thumbgate {

// What does a job: run_job(), or in tests what stands for a decoder in an attacker's hands.
using JobRunner = JobReply (*)(const JobRequest& request, int source, int output) noexcept;

struct Calling {
    SandboxLimits limits;
    JobRunner run;
};

// Runs in a process forked for it, and ends the process. `inherited`: what the zygote gave up before.
[[noreturn]] void run_converter(UniqueFd job_socket, const Calling& calling, SandboxLayers inherited);

}  // namespace thumbgate
