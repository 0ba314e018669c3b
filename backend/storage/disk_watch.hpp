// Looks each second how much room the disks have, and keeps the result store within its bounds: results are shed before
// uploads are refused. A thread of its own, which ends with the object. What it found may be asked for on any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <thread>

#include "backend/storage/result_store.hpp"

namespace thumbgate {

struct DiskLimits {
    std::uint64_t results_min_free = 2ULL << 30;    // bytes; with less no result is kept; 0: whatever is free
    std::uint64_t uploads_min_free = 512ULL << 20;  // bytes; with less no upload is taken; 0: whatever is free
};

// Bytes that this process may still write where `path` is; nullopt: it cannot be told.
std::optional<std::uint64_t> free_bytes(const std::filesystem::path& path);

class DiskWatch {
  public:
    // `results` outlives this.
    DiskWatch(std::filesystem::path photos, ResultStore& results, DiskLimits limits);
    // Waits for a look that is under way.
    ~DiskWatch() = default;
    DiskWatch(const DiskWatch&) = delete;
    DiskWatch& operator=(const DiskWatch&) = delete;

    // Looks once, so that what it says holds from the start, then goes on on its own thread.
    void start(std::chrono::milliseconds interval = std::chrono::seconds(1));
    void stop();  // soon; does not wait

    bool takes_uploads() const { return takes_uploads_; }
    // The last that was seen; 0 before that.
    std::uint64_t photos_free() const { return photos_free_; }
    std::uint64_t results_free() const { return results_free_; }

    // One look at the disks.
    void look();
    // Sweeps the results where that is due: when they are too many, the disk too full, or an hour has passed.
    void tidy(const std::stop_token& stop);

  private:
    std::optional<std::uint64_t> target() const;
    void run(const std::stop_token& stop, std::chrono::milliseconds interval);

    const std::filesystem::path photos_;
    ResultStore& results_;
    const DiskLimits limits_;
    std::atomic<bool> takes_uploads_ = true;
    std::atomic<std::uint64_t> photos_free_ = 0;
    std::atomic<std::uint64_t> results_free_ = 0;
    std::chrono::steady_clock::time_point next_by_age_{};  // the thread's, as the next: the first sweep learns the sum
    std::chrono::steady_clock::time_point rests_until_{};  // a sweep freed nothing
    std::jthread thread_;
};

}  // namespace thumbgate
