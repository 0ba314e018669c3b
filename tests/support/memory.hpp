// The memory of a process and its descendants, as it was at its largest.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <thread>

namespace thumbgate::test {

// Resident bytes, by /proc/PID/statm; 0 when there is no such process. Pages that several processes share count in
// each.
std::uint64_t resident_bytes(pid_t process);

// Looks every few milliseconds, on a thread of its own, while it lives.
class MemoryWatch {
  public:
    explicit MemoryWatch(pid_t process, bool with_descendants = true);
    MemoryWatch(const MemoryWatch&) = delete;
    MemoryWatch& operator=(const MemoryWatch&) = delete;
    ~MemoryWatch();

    std::uint64_t most() const { return most_; }  // bytes, all processes together

  private:
    void look();

    pid_t process_;
    bool with_descendants_;
    std::atomic<std::uint64_t> most_{0};
    std::atomic<bool> done_{false};
    std::thread thread_;
};

}  // namespace thumbgate::test
