// What processes hold at this moment, by /proc, and whether that grows.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace thumbgate::test {

struct Resources {
    std::size_t memory = 0;       // bytes of anonymous memory, what is shared divided among those that share it
    std::size_t files = 0;        // descriptors of regular files: what jobs under way read and write
    std::size_t descriptors = 0;  // all others
    std::size_t zombies = 0;      // children that ended and were not waited for

    Resources& operator+=(const Resources& other);
};

// One process; it holds nothing once it has ended.
Resources resources_of(pid_t pid);

// The process and all its descendants.
Resources resources_of_family(pid_t ancestor);

// How much the values rise from first to last, by the straight line that fits them best.
double rise_of(const std::vector<double>& values);

}  // namespace thumbgate::test
