#include "bench/conversion/measurements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

namespace thumbgate::bench {

namespace {

// Sorted values; the least that no more than that share is above.
double percentile(const std::vector<double>& sorted, double share) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
    return sorted.at(std::max<std::size_t>(rank, 1) - 1);
}

std::string named(const std::string& work, unsigned clients) {
    return work + ", " + std::to_string(clients) + (clients == 1 ? " client" : " clients");
}

}  // namespace

void Measurements::add(const std::string& work, unsigned clients, std::string_view side, const Round& round) {
    rounds_[{work, clients}][std::string(side)].push_back(round);
}

void Measurements::add(const std::string& work, std::string_view side, const Quality& quality) {
    qualities_[work][std::string(side)] = quality;
}

Speed Measurements::speed_of(const std::vector<Round>& rounds) {
    std::vector<double> per_second;
    std::vector<double> cpu;
    std::vector<double> latencies;
    for (const Round& round : rounds) {
        per_second.push_back(round.per_second);
        cpu.push_back(round.cpu_ms);
        latencies.insert(latencies.end(), round.latency_ms.begin(), round.latency_ms.end());
    }
    std::ranges::sort(latencies);
    return {median(per_second), median(cpu), percentile(latencies, 0.5), percentile(latencies, 0.99)};
}

Speed Measurements::speed(const std::string& work, unsigned clients, std::string_view side) const {
    return speed_of(rounds_.at({work, clients}).at(std::string(side)));
}

void Measurements::add_speed_rows(Rows& rows, const Load& load, const std::string& ours,
                                  const std::string& peer) const {
    const Speed own = speed(load.first, load.second, ours);
    const Speed its = speed(load.first, load.second, peer);
    const std::string name = named(load.first, load.second) + ", against " + peer;
    rows.push_back({name, own.per_second, its.per_second, "pictures/s"});
    rows.push_back({name, own.p50_ms, its.p50_ms, "ms, median"});
    rows.push_back({name, own.p99_ms, its.p99_ms, "ms, 99th percentile"});
    rows.push_back({name, own.cpu_ms, its.cpu_ms, "CPU ms a picture"});
}

Rows Measurements::rows(std::string_view side) const {
    const std::string ours(side);
    Rows rows;
    for (const auto& [load, sides] : rounds_) {
        for (const auto& entry : sides) {
            if (entry.first != ours) add_speed_rows(rows, load, ours, entry.first);
        }
    }
    for (const auto& [work, sides] : qualities_) {
        const Quality& own = sides.at(ours);
        for (const auto& [peer, its] : sides) {
            if (peer == ours) continue;
            rows.push_back({work + ", against " + peer, own.kilobytes, its.kilobytes, "KB a picture"});
            rows.push_back({work + ", against " + peer, own.ssim, its.ssim, "SSIM"});
        }
    }
    for (const auto& [peer, its] : memory_) {
        if (peer == ours) continue;
        const Memory& own = memory_.at(ours);
        rows.push_back({"memory, against " + peer, own.proportional, its.proportional, "MB, shared pages once"});
        rows.push_back({"memory, against " + peer, own.resident, its.resident, "MB, shared pages in each process"});
    }
    return rows;
}

void Measurements::print(std::ostream& out) const {
    for (const auto& [load, sides] : rounds_) {
        out << fmt::format("\n{:42} {:>10} {:>8} {:>8} {:>8} {:>8} {:>7}\n", named(load.first, load.second),
                           "pictures/s", "p50 ms", "p99 ms", "CPU ms", "KB", "SSIM");
        for (const auto& [side, rounds] : sides) {
            const Speed speed = speed_of(rounds);
            const Quality& quality = qualities_.at(load.first).at(side);
            out << fmt::format("  {:40} {:>10.1f} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f} {:>7.4f}\n", side,
                               speed.per_second, speed.p50_ms, speed.p99_ms, speed.cpu_ms, quality.kilobytes,
                               quality.ssim);
        }
    }
    out << fmt::format("\n{:42} {:>20} {:>32}\n", "memory, MB", "shared pages once", "shared pages in each process");
    for (const auto& [side, memory] : memory_) {
        out << fmt::format("  {:40} {:>20.0f} {:>32.0f}\n", side, memory.proportional, memory.resident);
    }
}

}  // namespace thumbgate::bench
