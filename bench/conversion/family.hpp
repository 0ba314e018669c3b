// What processes cost together with all their descendants, by /proc: the whole of a service, however many it consists
// of.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <thread>
#include <vector>

namespace thumbgate::bench {

// Processor time in seconds, user's and kernel's, of those that have ended as well, as long as their parents live.
// In steps of a clock tick (10 ms) a process.
double cpu_seconds(const std::vector<pid_t>& roots);

struct Memory {
    double resident = 0;      // MB; a page that several processes share counts in each
    double proportional = 0;  // MB; such a page counts once, divided among them
};

// The most that was held at one moment. Looks every few milliseconds on a thread of its own, while it lives.
class MemoryPeak {
  public:
    explicit MemoryPeak(std::vector<pid_t> roots);
    MemoryPeak(const MemoryPeak&) = delete;
    MemoryPeak& operator=(const MemoryPeak&) = delete;
    ~MemoryPeak();

    Memory finish();  // each figure at its own largest; once

  private:
    void look();

    std::vector<pid_t> roots_;
    Memory most_;
    std::atomic<bool> done_{false};
    std::thread thread_;
};

}  // namespace thumbgate::bench
