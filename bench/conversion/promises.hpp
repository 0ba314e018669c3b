// What the benchmark is to show, each a row with a bound.
#pragma once

#include <iosfwd>
#include <vector>

#include "bench/report.hpp"

namespace thumbgate::bench {

struct Promise {
    Row row;
    double bound;
    bool at_most = false;  // else at least

    bool holds() const;
};

void print_promises(std::ostream& out, const std::vector<Promise>& promises);

}  // namespace thumbgate::bench
