// Code planted in a converter, behind the real sandbox and a real pool: what it tries is stopped, costs its own job
// alone, and is reported.
#include <filesystem>

#include "tests/support/files.hpp"
#include "tests/unit/pool_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace fs = std::filesystem;

namespace {

using Counts = std::map<std::string, int>;

PoolConfig attacked_config() {
    PoolConfig config = config_of(2);
    config.program = built("thumbgate-converter-attacks");
    config.max_output_bytes = 1 << 20;
    config.job_timeout = 60s;                                  // a busy machine is no attack
    config.converter_retire_memory = config.converter_memory;  // nor is the limit a reason to be replaced
    return config;
}

// How many descriptors this process, the broker, has open.
std::size_t open_descriptors() {
    const fs::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class Attacked : public PoolFixture {
  public:
    explicit Attacked(const PoolConfig& config = attacked_config()) : PoolFixture(config) {}

    // Has a converter run the attack, beside a good job and before another; both must be right.
    Result<Picture> attack(const std::string& name) {
        const fs::path source = dir_ / name;
        write_file(source, "ATTACK " + name + " " + std::to_string(getpid()));
        observed.replaced.clear();
        const auto good = convert(photos::storm().path, to(Format::webp, 320));
        const auto bad = convert(source, to(Format::jpeg, 100));
        auto outcome = result(bad);
        CHECK(code(result(good)) == "ok");
        CHECK(code(result(inspect(photos::meadow().path))) == "ok");
        return outcome;
    }

    // It ends both its converters, the one that it is tried on and the one that it is tried on again.
    void ends_converters(const std::string& name, const std::string& reason) {
        CAPTURE(name);
        const auto outcome = attack(name);
        if (!outcome) UNSCOPED_INFO(outcome.error().detail);
        CHECK(code(outcome) == "crash");
        if (!outcome) CHECK(outcome.error().status == 422);
        CAPTURE(observed.last_loss);
        CHECK(observed.replaced == Counts{{reason, 2}});
    }

    // It gets nowhere, and its converter lives.
    void gets_nowhere(const std::string& name) {
        CAPTURE(name);
        const auto outcome = attack(name);
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().code == "failed");
        CHECK_THAT(outcome.error().detail, starts_with("refused"));
        CHECK(observed.replaced.empty());
    }

  private:
    TempDir dir_;
};

}  // namespace

TEST_CASE_METHOD(Attacked, "A forbidden system call ends its converter, and nothing else") {
    const auto name = GENERATE(as<std::string>(), "openat2", "inet-socket", "unix-socket", "execve", "fexecve",
                               "map-code", "turn-into-code", "fork", "vfork", "ptrace", "kill", "kill-all", "tgkill",
                               "tkill", "pidfd", "pidfd-signal", "sigqueue", "read-memory", "inject-input", "io-uring",
                               "userfaultfd", "bpf", "keyctl", "mount", "chroot", "unshare", "setns", "setuid", "perf",
                               "memfd", "lock-file", "truncate", "change-flags", "shared-memory");
    ends_converters(name, "forbidden_call");
    CHECK(observed.last_loss == "killed by SIGSYS, a forbidden system call");
}

#ifndef __SANITIZE_ADDRESS__
// A sanitizer's report needs some of these.
TEST_CASE_METHOD(Attacked, "Its parent, limits and other architectures' system calls are forbidden to a converter") {
    for (const char* name : {"parent", "raise-limit"}) ends_converters(name, "forbidden_call");
#ifdef __x86_64__
    for (const char* name : {"open", "x32", "32-bit"}) ends_converters(name, "forbidden_call");
#endif
}

TEST_CASE_METHOD(Attacked, "A converter cannot make itself visible to a debugger") {
    gets_nowhere("undo-dumpable");
}

TEST_CASE_METHOD(Attacked, "A converter that allocates without end gets no more at its limit") {
    gets_nowhere("allocate");
}

TEST_CASE_METHOD(Attacked, "A converter that breaks by a bad pointer or by abort is reported as that") {
    ends_converters("null-pointer", "crash");
    CHECK(observed.last_loss == "killed by SIGSEGV");
    ends_converters("abort", "crash");
    CHECK(observed.last_loss == "killed by SIGABRT");
}
#endif

TEST_CASE_METHOD(Attacked, "A converter finds no file, and makes no process by a call that is answered with an error") {
    for (const char* name : {"openat", "proc", "clone3"}) gets_nowhere(name);
}

TEST_CASE_METHOD(Attacked, "Without a file system there is not even a name to ask for") {
    if (observed.layers.has(Layer::mount)) gets_nowhere("stat");
}

TEST_CASE_METHOD(Attacked, "Threads and descriptors end at their limits") {
    if (observed.layers.has(Layer::user)) gets_nowhere("threads");
    gets_nowhere("descriptors");
}

TEST_CASE_METHOD(Attacked, "A converter that writes more than a result may have is ended") {
    ends_converters("write-beyond", "file_limit");
}

TEST_CASE("A converter that spins is ended when its job's time is over") {
    PoolConfig config = attacked_config();
    config.job_timeout = 5s;
    Attacked pool(config);
    CHECK(code(pool.attack("spin")) == "timeout");
    CHECK(pool.observed.replaced == Counts{{"timeout", 1}});
}

TEST_CASE_METHOD(Attacked, "Replies that no converter gives are not believed") {
    for (const char* name : {"lie", "garbage", "huge-reply"}) ends_converters(name, "invalid_reply");
}

TEST_CASE_METHOD(Attacked, "Descriptors that come with a reply are closed") {
    const std::size_t before = open_descriptors();
    for (const char* name : {"return-descriptors", "return-many-descriptors"}) ends_converters(name, "invalid_reply");
    CHECK(run_until([&] { return open_descriptors() <= before; }));
}

TEST_CASE("A converter has its job's files and no others, of which it can write the result alone") {
    const TempDir dir;
    PoolConfig config = attacked_config();
    config.converters = 1;
    auto watermark = WatermarkPicture::read({.picture = photos::meadow().path});
    REQUIRE(watermark);
    config.watermark = std::move(*watermark);
    PoolFixture pool(config);
    const fs::path source = dir / "source";
    write_file(source, "ATTACK list-descriptors");
    const auto listed = [&](Result<Picture> answer) { return answer ? "" : answer.error().detail; };
    Conversion marked = to(Format::png, 100);
    marked.options.watermark.opacity = kDprUnit;
    // Nothing, nothing, nothing (or a sanitizer's log), the broker; source, result, watermark.
    const std::string plain = "open 0 1 2 3 4 5w";
    CHECK(listed(pool.result(pool.convert(source, to(Format::png, 100)))) == plain);
    CHECK(listed(pool.result(pool.convert(source, marked))) == plain + " 6");
    CHECK(listed(pool.result(pool.convert(source, to(Format::png, 100)))) == plain);
    CHECK(pool.observed.replaced.empty());
}

TEST_CASE_METHOD(Attacked, "Of three replies one counts, and the next job does not get the others") {
    CHECK(code(attack("three-replies")) == "corrupt");
    CHECK(run_until([&] { return observed.replaced == Counts{{"invalid_reply", 1}}; }));
}

TEST_CASE_METHOD(Attacked, "A converter that closes its socket is ended, whether it leaves or stays") {
    ends_converters("exit", "exit");
    CHECK(observed.last_loss == "it exited with status 3");
    ends_converters("close-socket", "silent");
}

TEST_CASE_METHOD(Attacked, "Reading a source twice is allowed") {
    const auto outcome = attack("read-again");
    CHECK(code(outcome) == "corrupt");
    CHECK_THAT(outcome.error().detail, contains("harmless"));
    CHECK(observed.replaced.empty());
}
