#include "tests/support/memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "tests/support/files.hpp"
#include "tests/support/process.hpp"

namespace thumbgate::test {

namespace {

constexpr auto kPause = 5ms;

}  // namespace

std::uint64_t resident_bytes(pid_t process) {
    std::istringstream statm(read_if_there("/proc/" + std::to_string(process) + "/statm"));
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    statm >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

MemoryWatch::MemoryWatch(pid_t process, bool with_descendants)
    : process_(process), with_descendants_(with_descendants), thread_([this] {
          while (!done_) {
              look();
              std::this_thread::sleep_for(kPause);
          }
      }) {}

MemoryWatch::~MemoryWatch() {
    done_ = true;
    thread_.join();
}

void MemoryWatch::look() {
    std::uint64_t now = resident_bytes(process_);
    if (with_descendants_) {
        for (const pid_t child : descendants_of(process_)) now += resident_bytes(child);
    }
    most_ = std::max(most_.load(), now);
}

}  // namespace thumbgate::test
