#include "bench/conversion/family.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <system_error>

#include "tests/support/files.hpp"
#include "tests/support/process.hpp"

namespace thumbgate::bench {

namespace {

constexpr auto kPause = std::chrono::milliseconds(40);
constexpr double kKilobytesAMegabyte = 1024;

std::vector<pid_t> with_descendants(const std::vector<pid_t>& roots) {
    std::vector<pid_t> family = roots;
    for (const pid_t root : roots) {
        const auto descendants = test::descendants_of(root);
        family.insert(family.end(), descendants.begin(), descendants.end());
    }
    return family;
}

// "" also when the process ends while it is read.
std::string proc_text(pid_t pid, const std::string& name) {
    try {
        return test::read_if_there("/proc/" + std::to_string(pid) + "/" + name);
    } catch (const std::system_error&) {
        return {};
    }
}

// Fields 14 to 17 of stat: its own user and kernel time, and those of its children that were waited for.
double ticks_of(pid_t pid) {
    constexpr int kFieldsBefore = 11;  // between the name, which may hold blanks, and the times
    constexpr int kTimes = 4;
    const std::string stat = proc_text(pid, "stat");
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream fields(stat.substr(name_end + 1));
    std::string skipped;
    for (int i = 0; i < kFieldsBefore; ++i) fields >> skipped;
    double sum = 0;
    for (int i = 0; i < kTimes; ++i) {
        double ticks = 0;
        fields >> ticks;
        sum += ticks;
    }
    return sum;
}

double megabytes(const std::string& rollup, const std::string& name) {
    const std::size_t at = rollup.find("\n" + name + ":");
    if (at == std::string::npos) return 0;
    double kilobytes = 0;
    std::istringstream(rollup.substr(at + name.size() + 2)) >> kilobytes;
    return kilobytes / kKilobytesAMegabyte;
}

}  // namespace

double cpu_seconds(const std::vector<pid_t>& roots) {
    double ticks = 0;
    for (const pid_t pid : with_descendants(roots)) ticks += ticks_of(pid);
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

MemoryPeak::MemoryPeak(std::vector<pid_t> roots)
    : roots_(std::move(roots)), thread_([this] {
          while (!done_) {
              look();
              std::this_thread::sleep_for(kPause);
          }
      }) {}

MemoryPeak::~MemoryPeak() {
    finish();
}

Memory MemoryPeak::finish() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
    return most_;
}

void MemoryPeak::look() {
    Memory now;
    for (const pid_t pid : with_descendants(roots_)) {
        const std::string rollup = proc_text(pid, "smaps_rollup");
        now.resident += megabytes(rollup, "Rss");
        now.proportional += megabytes(rollup, "Pss");
    }
    most_.resident = std::max(most_.resident, now.resident);
    most_.proportional = std::max(most_.proportional, now.proportional);
}

}  // namespace thumbgate::bench
