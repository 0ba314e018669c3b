// What was measured, by work, number of clients and side, and what a reader makes of it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "bench/conversion/family.hpp"
#include "bench/conversion/quality.hpp"
#include "bench/conversion/rounds.hpp"
#include "bench/report.hpp"

namespace thumbgate::bench {

// Of several rounds: medians, and percentiles of all their latencies together.
struct Speed {
    double per_second = 0;
    double cpu_ms = 0;  // a picture
    double p50_ms = 0;
    double p99_ms = 0;
};

class Measurements {
  public:
    void add(const std::string& work, unsigned clients, std::string_view side, const Round& round);
    void add(const std::string& work, std::string_view side, const Quality& quality);
    void add(std::string_view side, const Memory& memory) { memory_[std::string(side)] = memory; }

    // What was not measured is an exception (std::out_of_range).
    Speed speed(const std::string& work, unsigned clients, std::string_view side) const;
    const Memory& memory(std::string_view side) const { return memory_.at(std::string(side)); }

    // Everything, `ours` against each other side.
    Rows rows(std::string_view ours) const;
    // A table for each work and number of clients, a line a side.
    void print(std::ostream& out) const;

  private:
    using Load = std::pair<std::string, unsigned>;  // work, clients
    using Rounds = std::map<std::string, std::vector<Round>>;

    static Speed speed_of(const std::vector<Round>& rounds);
    void add_speed_rows(Rows& rows, const Load& load, const std::string& ours, const std::string& peer) const;

    std::map<Load, Rounds> rounds_;
    std::map<std::string, std::map<std::string, Quality>> qualities_;  // by work, then by side
    std::map<std::string, Memory> memory_;
};

}  // namespace thumbgate::bench
