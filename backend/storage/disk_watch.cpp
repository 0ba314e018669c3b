#include "backend/storage/disk_watch.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <utility>

#include "backend/storage/pause.hpp"

namespace thumbgate {
namespace {

constexpr std::chrono::hours kSweepByAge(1);
constexpr std::chrono::seconds kRestAfterNothing(30);  // the disk is full of something else
constexpr std::uint64_t kTenth = 10;
constexpr std::uint64_t kMargin = 4;  // so much more than the least is freed: a quarter

}  // namespace

std::optional<std::uint64_t> free_bytes(const std::filesystem::path& path) {
    struct statvfs facts{};
    if (::statvfs(path.c_str(), &facts) != 0) return std::nullopt;
    return std::uint64_t{facts.f_bavail} * facts.f_frsize;
}

DiskWatch::DiskWatch(std::filesystem::path photos, ResultStore& results, DiskLimits limits)
    : photos_(std::move(photos)), results_(results), limits_(limits) {}

void DiskWatch::start(std::chrono::milliseconds interval) {
    look();
    thread_ = std::jthread([this, interval](const std::stop_token& stop) { run(stop, interval); });
}

void DiskWatch::stop() {
    thread_.request_stop();
}

void DiskWatch::run(const std::stop_token& stop, std::chrono::milliseconds interval) {
    do {
        look();
        tidy(stop);
    } while (pause(stop, interval));
}

void DiskWatch::look() {
    // A disk that cannot be asked is not known to be full: what is written there says it.
    if (const auto free = free_bytes(photos_)) {
        photos_free_ = *free;
        takes_uploads_ = *free >= limits_.uploads_min_free;
    }
    if (!results_.is_on()) return;
    if (const auto free = free_bytes(results_.config().folder)) {
        results_free_ = *free;
        results_.set_shedding(*free < limits_.results_min_free);
    }
}

// How many bytes of results may stay; nullopt: as many as there are.
std::optional<std::uint64_t> DiskWatch::target() const {
    const std::uint64_t max = results_.config().max_size;
    const std::uint64_t have = results_.bytes();
    std::optional<std::uint64_t> target;
    if (have > max) target = max - max / kTenth;
    if (results_free_ < limits_.results_min_free) {
        const std::uint64_t missing = limits_.results_min_free - results_free_ + limits_.results_min_free / kMargin;
        target = std::min(target.value_or(have), have - std::min(have, missing));
    }
    return target;
}

void DiskWatch::tidy(const std::stop_token& stop) {
    if (!results_.is_on()) return;
    const auto now = std::chrono::steady_clock::now();
    const auto wanted = target();
    const bool is_needed = wanted && results_.bytes() > 0 && now >= rests_until_;
    if (!is_needed && now < next_by_age_) return;
    const std::uint64_t freed = results_.sweep(is_needed ? *wanted : results_.config().max_size, stop);
    next_by_age_ = std::chrono::steady_clock::now() + kSweepByAge;
    if (is_needed && freed == 0) rests_until_ = std::chrono::steady_clock::now() + kRestAfterNothing;
    look();
}

}  // namespace thumbgate
