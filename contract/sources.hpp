// Which sources the links of a location may name: what keeps tenants apart that share an edge. Plain values; reading is
// thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "contract/refusal.hpp"

namespace thumbgate {

class Sources {
  public:
    // `prefix`: a whole scheme, "photo://", or what ends in "/", "s3://acme/": so that "https://img.acme.example"
    // cannot also stand for "https://img.acme.example.evil.example". Refuses any other.
    Parsed<void> add(std::string_view prefix);

    // Whether `source`, decoded, begins with one of the prefixes; without any, every source does. Byte by byte: a
    // scheme or host in other letter case is another. A source with a segment "." or ".." is under no prefix, however a
    // server that is asked for it might spell that ("%2e", "\\").
    bool allow(std::string_view source) const;

  private:
    std::vector<std::string> prefixes_;
};

}  // namespace thumbgate
