// What a benchmark found: a table for people, JSON for programs.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace thumbgate::bench {

struct Row {
    std::string name;
    double ours = 0;
    std::optional<double> peer;  // nothing to compare with: nullopt
    std::string unit;

    // ours / peer
    std::optional<double> ratio() const;
};

using Rows = std::vector<Row>;

// The value in the middle; of an even number the mean of the two. `values` is not empty.
double median(std::vector<double> values);

void print_table(std::ostream& out, const Rows& rows);

// [{"case": …, "ours": …, "peer": …, "unit": …, "ratio": …}, …]; what there is none of is null.
std::string to_json(const Rows& rows);

}  // namespace thumbgate::bench
