#include "bench/conversion/promises.hpp"

#include <fmt/format.h>

#include <cmath>
#include <ostream>

namespace thumbgate::bench {

namespace {

// Ratios are compared as they are printed: no measurement here has more digits.
double as_printed(double ratio) {
    return std::round(ratio * 100) / 100;
}

}  // namespace

bool Promise::holds() const {
    const double ratio = as_printed(row.ratio().value_or(0));
    return at_most ? ratio <= bound : ratio >= bound;
}

void print_promises(std::ostream& out, const std::vector<Promise>& promises) {
    out << fmt::format("\n{:60} {:>9} {:>9} {:>6}  {:>6}\n", "to be shown", "ours", "peer", "ratio", "bound");
    for (const Promise& promise : promises) {
        const Row& row = promise.row;
        out << fmt::format("{:60} {:>9.4g} {:>9.4g} {:>6.2f}  {} {:.2f}  {}\n", row.name, row.ours,
                           row.peer.value_or(0), row.ratio().value_or(0), promise.at_most ? "≤" : "≥", promise.bound,
                           promise.holds() ? "holds" : "fails");
    }
}

}  // namespace thumbgate::bench
