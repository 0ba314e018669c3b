#include "bench/load.hpp"

#include <charconv>
#include <optional>
#include <regex>
#include <vector>

#include "bench/interrupt.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/files.hpp"
#include "tests/support/process.hpp"
#include "tests/support/programs.hpp"

namespace thumbgate::bench {

using namespace thumbgate::test;

namespace {

constexpr auto kGrace = 20s;            // for connecting and for what the load program does at its end
constexpr int kStreamsAConnection = 4;  // of HTTP/2: a page's pictures come side by side

std::vector<std::string> wrk_command(const Target& target, const std::string& seconds) {
    return {"wrk",
            "-t1",
            "-c" + std::to_string(kConnections),
            "-d" + seconds,
            "--timeout",
            "10s",
            "-H",
            kAccept,
            "-s",
            (repository() / "bench/rotate.lua").string(),
            target.base,
            "--",
            target.paths.string()};
}

std::vector<std::string> h2load_command(const Target& target, const std::string& seconds) {
    return {"h2load",
            "-t1",
            "-c" + std::to_string(kConnections / kStreamsAConnection),
            "-m" + std::to_string(kStreamsAConnection),
            "-D" + seconds,
            "-H",
            kAccept,
            "-B",
            target.base,
            "-i",
            target.paths.string()};
}

std::vector<std::string> pinned(const std::vector<std::string>& command) {
    std::vector<std::string> argv{"taskset", "-c", std::to_string(kLoadCpu)};
    argv.insert(argv.end(), command.begin(), command.end());
    return argv;
}

// The numbers in the first match's groups; empty when there is none.
std::vector<double> numbers_in(const std::string& text, const char* pattern) {
    std::smatch match;
    std::vector<double> numbers;
    if (!std::regex_search(text, match, std::regex(pattern))) return numbers;
    for (std::size_t i = 1; i < match.size(); ++i) numbers.push_back(std::stod(match[i]));
    return numbers;
}

std::optional<LoadResult> read_wrk(const std::string& output) {
    const auto found = numbers_in(output, R"(measured (\d+) requests (\d+) us (\d+) errors)");
    if (found.size() != 3 || found[2] > 0) return std::nullopt;
    return LoadResult{static_cast<std::uint64_t>(found[0]), found[1] / 1e6};
}

std::optional<LoadResult> read_h2load(const std::string& output, std::chrono::seconds duration) {
    const auto found = numbers_in(output, R"((\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout\n)"
                                          R"(status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx)");
    if (found.size() != 8 || found[1] + found[2] + found[3] + found[5] + found[6] + found[7] > 0) return std::nullopt;
    return LoadResult{static_cast<std::uint64_t>(found[4]), static_cast<double>(duration.count())};
}

std::string output_of(const std::vector<std::string>& argv, std::chrono::seconds duration) {
    const TempDir dir;
    const auto output = dir / "output";
    Process process({.argv = argv, .stdout_file = output, .stderr_file = output});
    const auto deadline = std::chrono::steady_clock::now() + duration + kGrace;
    for (;;) {
        const auto ended = process.wait(50ms);
        throw_if_interrupted();
        if (ended && ended->code == 0) return read_file(output);
        if (ended) fail_fixture(argv.at(3) + " failed:\n" + read_if_there(output));
        if (std::chrono::steady_clock::now() > deadline) fail_fixture(argv.at(3) + " does not end");
    }
}

}  // namespace

LoadResult put_load(const Target& target, std::chrono::seconds duration) {
    const std::string seconds = std::to_string(duration.count());
    const bool wrk = target.client == Client::wrk;
    const std::string output =
        output_of(pinned(wrk ? wrk_command(target, seconds) : h2load_command(target, seconds)), duration);
    const auto result = wrk ? read_wrk(output) : read_h2load(output, duration);
    if (!result || result->requests == 0) fail_fixture("not every answer of " + target.base + " is a 2xx:\n" + output);
    return *result;
}

double cpu_us(pid_t pid) {
    const std::string text = read_file("/proc/" + std::to_string(pid) + "/schedstat");
    std::uint64_t ns = 0;
    std::from_chars(text.data(), text.data() + text.size(), ns);
    return static_cast<double>(ns) / 1000;
}

}  // namespace thumbgate::bench
