// Which sizes of one photo wait in a queue at the same time, so that one decode serves them all. Plain values; not
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "backend/converter/protocol.hpp"

namespace thumbgate {

class Siblings {
  public:
    // Inspections, and requests without a source, are in nobody's company.
    void add(const JobRequest& request);
    void remove(const JobRequest& request);

    // The longest side that a waiting request asks for of this source; 0: none waits.
    std::uint32_t longest_side(const SourceDigest& source) const;

  private:
    std::map<SourceDigest, std::multiset<std::uint32_t>> sides_;
};

}  // namespace thumbgate
