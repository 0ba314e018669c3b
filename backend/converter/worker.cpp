#include "backend/converter/worker.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "backend/converter/channel.hpp"
#include "backend/converter/pipeline.hpp"
#include "backend/converter/zygote_protocol.hpp"

namespace thumbgate {
namespace {

bool say_ready(int socket) {
    auto notice = blank_message<SpawnNotice>();
    notice.kind = SpawnNotice::Kind::ready;
    notice.pid = getpid();
    return send_message(socket, bytes_of(notice));
}

// False when there are no more jobs to come.
bool do_one_job(int socket) {
    auto request = blank_message<JobRequest>();
    const Received received = receive_message(socket, writable_bytes_of(request));
    if (received.size != sizeof request) return false;
    const auto& [source, output] = received.descriptors;
    const JobReply reply = run_job(request, source.get(), output.get());
    return send_message(socket, bytes_of(reply));
}

}  // namespace

void run_converter(UniqueFd job_socket, const SandboxLimits& limits) {
    {
        const UniqueFd source(memfd_create("warm-up source", MFD_CLOEXEC));
        const UniqueFd output(memfd_create("warm-up output", MFD_CLOEXEC));
        if (!enter_sandbox(limits)) _exit(EXIT_FAILURE);
        warm_up(source.get(), output.get());
    }
    bool goes_on = say_ready(job_socket.get());
    while (goes_on) goes_on = do_one_job(job_socket.get());
    _exit(EXIT_SUCCESS);
}

}  // namespace thumbgate
