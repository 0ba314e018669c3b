#include "tests/sandbox/attacks.hpp"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "backend/converter/channel.hpp"
#include "backend/converter/pipeline.hpp"
#include "backend/converter/zygote_protocol.hpp"

namespace thumbgate::test {
namespace {

constexpr int kJobSocket = kControlSocket;
constexpr std::string_view kMark = "ATTACK ";

[[noreturn]] void sleep_forever() {
    constexpr timespec kLong{3600, 0};
    while (true) nanosleep(&kLong, nullptr);
}

JobReply reply_of(const JobRequest& request, Outcome outcome, std::string_view detail) {
    auto reply = blank_message<JobReply>();
    reply.number = request.number;
    reply.outcome = outcome;
    detail.copy(reply.detail.data(), reply.detail.size() - 1);
    return reply;
}

// --- beyond its limits

JobReply write_beyond(const Scene& scene) {
    const char byte = 'x';
    return outcome_of(scene.request,
                      pwrite(scene.files.output, &byte, 1, static_cast<off_t>(scene.request.max_output_bytes)));
}

JobReply make_threads(const Scene& scene) {
    constexpr int kMany = 1000;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 << 10);
    const auto wait = [](void*) -> void* { sleep_forever(); };
    for (int made = 0; made < kMany; ++made) {
        pthread_t thread{};
        if (pthread_create(&thread, &attributes, wait, nullptr) != 0) {
            return refused(scene.request, "after " + std::to_string(made) + " threads");
        }
    }
    return worked(scene.request);
}

JobReply open_descriptors(const Scene& scene) {
    constexpr int kMany = 1000;
    for (int made = 0; made < kMany; ++made) {
        if (dup(scene.files.source) < 0)
            return refused(scene.request, "after " + std::to_string(made) + " descriptors");
    }
    return worked(scene.request);
}

// All that are open, with a "w" behind a file that can be written.
JobReply list_descriptors(const Scene& scene) {
    constexpr int kMany = 1000;
    std::string open = "open";
    for (int number = 0; number < kMany; ++number) {
        struct stat facts{};
        if (fstat(number, &facts) != 0) continue;
        const char byte = 'x';
        const bool is_written = S_ISREG(facts.st_mode) && pwrite(number, &byte, 1, 0) == 1;
        open += " " + std::to_string(number) + (is_written ? "w" : "");
    }
    return reply_of(scene.request, Outcome::corrupt, open);
}

JobReply allocate(const Scene& scene) {
    constexpr std::size_t kPiece = 16 << 20;
    constexpr std::size_t kMuch = 4ULL << 30;
    for (std::size_t size = 0; size < kMuch; size += kPiece) {
        void* piece = std::malloc(kPiece);
        if (piece == nullptr) return refused(scene.request, "after " + std::to_string(size >> 20) + " MiB");
        std::memset(piece, 1, kPiece);
    }
    return worked(scene.request);
}

[[noreturn]] JobReply spin(const Scene& /*scene*/) {
    std::atomic<unsigned> turns = 0;
    while (true) ++turns;
}

// --- at the broker

JobReply lie(const Scene& scene) {
    JobReply reply = reply_of(scene.request, Outcome::ok, "");
    reply.width = reply.height = 100;
    reply.output_bytes = scene.request.max_output_bytes + 1;
    return reply;
}

JobReply answer_with_garbage(const Scene& /*scene*/) {
    JobReply reply;
    std::memset(static_cast<void*>(&reply), 0xEE, sizeof reply);
    return reply;
}

JobReply answer_at_length(const Scene& scene) {
    const std::vector<std::byte> huge(64 << 10);
    send_message(kJobSocket, huge);
    return worked(scene.request);
}

JobReply answer_thrice(const Scene& scene) {
    const JobReply reply = reply_of(scene.request, Outcome::corrupt, "one of three");
    send_message(kJobSocket, bytes_of(reply));
    send_message(kJobSocket, bytes_of(reply));
    return reply;
}

JobReply answer_with_descriptors(const Scene& scene) {
    const JobReply reply = reply_of(scene.request, Outcome::corrupt, "with descriptors");
    const std::array<int, 2> descriptors{scene.files.source, scene.files.output};
    send_message(kJobSocket, bytes_of(reply), descriptors);
    sleep_forever();
}

// More than a message of ours may carry.
JobReply answer_with_many_descriptors(const Scene& scene) {
    JobReply reply = reply_of(scene.request, Outcome::corrupt, "with many descriptors");
    std::array<int, 2 * kMaxDescriptors + 2> descriptors{};
    descriptors.fill(scene.files.source);
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof descriptors)> control{};
    iovec data{&reply, sizeof reply};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptors);
    std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof descriptors);
    sendmsg(kJobSocket, &message, MSG_NOSIGNAL);
    sleep_forever();
}

JobReply close_socket(const Scene& /*scene*/) {
    close(kJobSocket);
    sleep_forever();
}

JobReply leave(const Scene& /*scene*/) {
    _exit(3);
}

JobReply crash(const Scene& scene) {
    const volatile std::uintptr_t nowhere = 0;
    // cppcheck-suppress nullPointer
    *reinterpret_cast<volatile int*>(nowhere) = 1;
    return worked(scene.request);
}

JobReply give_up(const Scene& /*scene*/) {
    std::abort();
}

// Allowed, and harmless.
JobReply read_again(const Scene& scene) {
    std::array<char, 64> bytes{};
    const ssize_t first = pread(scene.files.source, bytes.data(), bytes.size(), 0);
    const ssize_t again = pread(scene.files.source, bytes.data(), bytes.size(), 0);
    const ssize_t beyond = pread(scene.files.source, bytes.data(), bytes.size(), 1 << 20);
    return reply_of(scene.request, Outcome::corrupt, first > 0 && first == again && beyond == 0 ? "harmless" : "odd");
}

struct Attack {
    std::string_view name;
    JobReply (*run)(const Scene& scene);
};

constexpr Attack kAttacks[] = {
    {"write-beyond", write_beyond},
    {"threads", make_threads},
    {"descriptors", open_descriptors},
    {"allocate", allocate},
    {"spin", spin},
    {"lie", lie},
    {"garbage", answer_with_garbage},
    {"huge-reply", answer_at_length},
    {"three-replies", answer_thrice},
    {"return-descriptors", answer_with_descriptors},
    {"return-many-descriptors", answer_with_many_descriptors},
    {"list-descriptors", list_descriptors},
    {"close-socket", close_socket},
    {"exit", leave},
    {"null-pointer", crash},
    {"abort", give_up},
    {"read-again", read_again},
};

JobReply run_attack(std::string_view order, Scene scene) {
    const auto space = order.find(' ');
    const std::string_view name = order.substr(0, space);
    const std::string_view number = order.substr(std::min(space, order.size() - 1) + 1);
    std::from_chars(number.data(), number.data() + number.size(), scene.broker);
    JobReply reply{};
    if (try_to_escape(name, scene, reply)) return reply;
    const auto attack = std::ranges::find(kAttacks, name, &Attack::name);
    return attack == std::end(kAttacks) ? reply_of(scene.request, Outcome::failed, "no such attack")
                                        : attack->run(scene);
}

}  // namespace

JobReply refused(const JobRequest& request, const std::string& why) {
    return reply_of(request, Outcome::failed, "refused " + why);
}

JobReply worked(const JobRequest& request) {
    return reply_of(request, Outcome::failed, "worked");
}

JobReply outcome_of(const JobRequest& request, long result) {
    return result == -1 ? refused(request, std::strerror(errno)) : worked(request);
}

namespace {

JobReply attack_or(JobRunner run, const JobRequest& request, const JobFiles& files) {
    std::array<char, 64> start{};
    const ssize_t size = pread(files.source, start.data(), start.size(), 0);
    const std::string_view text(start.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (!text.starts_with(kMark)) return run(request, files);
    return run_attack(text.substr(kMark.size()), {request, files, 0});
}

}  // namespace

JobReply run_attack_or_job(const JobRequest& request, const JobFiles& files) noexcept {
    return attack_or(run_job, request, files);
}

JobReply run_attack_or_svg_job(const JobRequest& request, const JobFiles& files) noexcept {
    return attack_or(run_svg_job, request, files);
}

}  // namespace thumbgate::test
