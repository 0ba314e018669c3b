// Code planted in a converter, as an attacker's who took over a decoder: a source that begins with "ATTACK name pid"
// is not a picture but the name of what is done, behind the real sandbox; `pid` is the broker's.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "backend/converter/protocol.hpp"

namespace thumbgate::test {

// What an attack has at hand.
struct Scene {
    const JobRequest& request;
    const JobFiles& files;
    pid_t broker;
};

// Runs an attack; where it survives it, a reply whose detail begins with "refused" or, where it succeeded, "worked".
// Anything else than an attack goes to run_job(), or run_svg_job().
JobReply run_attack_or_job(const JobRequest& request, const JobFiles& files) noexcept;
JobReply run_attack_or_svg_job(const JobRequest& request, const JobFiles& files) noexcept;

JobReply refused(const JobRequest& request, const std::string& why);
JobReply worked(const JobRequest& request);
// As a system call ended: -1 is refused.
JobReply outcome_of(const JobRequest& request, long result);

// Out of the process, by a call to the kernel. False: there is no such attack.
bool try_to_escape(std::string_view name, const Scene& scene, JobReply& reply);

}  // namespace thumbgate::test
