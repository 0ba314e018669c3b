#include "backend/converter/worker.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "backend/converter/channel.hpp"
#include "backend/converter/pipeline.hpp"
#include "backend/converter/zygote_protocol.hpp"

namespace thumbgate {
namespace {

bool say_ready(int socket, SandboxLayers layers) {
    auto notice = blank_message<SpawnNotice>();
    notice.kind = SpawnNotice::Kind::ready;
    notice.pid = getpid();
    notice.layers = layers;
    return send_message(socket, bytes_of(notice));
}

void say_refused(int socket, std::string_view problem) {
    auto notice = blank_message<SpawnNotice>();
    notice.kind = SpawnNotice::Kind::refused;
    notice.pid = getpid();
    problem.copy(notice.problem.data(), notice.problem.size() - 1);
    send_message(socket, bytes_of(notice));
}

std::uint64_t peak_bytes() {
    constexpr std::uint64_t kKibibyte = 1024;
    rusage usage{};
    return getrusage(RUSAGE_SELF, &usage) == 0 ? static_cast<std::uint64_t>(usage.ru_maxrss) * kKibibyte : 0;
}

bool has_job(int socket) {
    std::byte first{};
    return recv(socket, &first, sizeof first, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

// What is left of it when a job comes is left out: that one is waited for.
void warm_up_until_job(JobRunner run, int socket, int source, int output) {
    for (const Format format : {Format::png, Format::webp, Format::avif}) {
        if (has_job(socket)) return;
        warm_up(run, format, source, output);
    }
}

JobFiles files_of(const JobRequest& request, const Received& received) {
    std::size_t next = 0;
    const auto take = [&](bool comes) { return comes ? received.descriptors.at(next++).get() : -1; };
    JobFiles files;
    files.source = take(true);
    files.output = take(request.kind == JobKind::convert);
    files.watermark = take(request.watermark.opacity != 0);
    files.pixels = take(request.shares_pixels);
    return files;
}

// False when there are no more jobs to come.
bool do_one_job(int socket, JobRunner run) {
    auto request = blank_message<JobRequest>();
    const Received received = receive_message(socket, writable_bytes_of(request));
    if (received.size != sizeof request) return false;
    JobReply reply = run(request, files_of(request, received));
    reply.peak_bytes = peak_bytes();
    return send_message(socket, bytes_of(reply));
}

}  // namespace

void run_converter(UniqueFd job_socket, const Heritage& heritage) {
    const Calling& calling = heritage.calling;
    UniqueFd source(memfd_create("warm-up source", MFD_CLOEXEC));
    UniqueFd output(memfd_create("warm-up output", MFD_CLOEXEC));
    const Files files = calling.kind == ConverterKind::svg ? Files::readable : Files::none;
    const auto layers = enter_sandbox(calling.limits, heritage.layers, files, heritage.fonts);
    if (!layers) {
        say_refused(job_socket.get(), "the sandbox: " + layers.error());
        _exit(EXIT_FAILURE);
    }
    const bool can_warm_up = write_warm_up_source(calling.kind, source.get());
    if (can_warm_up) warm_up(calling.run, Format::jpeg, source.get(), output.get());
    bool goes_on = say_ready(job_socket.get(), *layers);
    if (can_warm_up) warm_up_until_job(calling.run, job_socket.get(), source.get(), output.get());
    source.reset();
    output.reset();
    while (goes_on) goes_on = do_one_job(job_socket.get(), calling.run);
    _exit(EXIT_SUCCESS);
}

}  // namespace thumbgate
