// How many bytes there are of which age: finds the age beyond which files have to go, in bounded memory and without a
// list of them. Ages are told apart to about one percent. Not thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace thumbgate {

class AgeHistogram {
  public:
    static constexpr std::size_t kBuckets = 2816;  // 64 for each doubling, of up to 2^44 ms: five centuries

    // Ages below zero count as zero.
    static std::size_t bucket_of(std::chrono::milliseconds age);

    void add(std::chrono::milliseconds age, std::uint64_t bytes) { bytes_[bucket_of(age)] += bytes; }

    // What has to go: all of the buckets above `bucket`, and `bytes` of that bucket itself.
    struct Cut {
        std::size_t bucket = kBuckets;
        std::uint64_t bytes = 0;
    };
    // The oldest files that make up `excess` bytes.
    Cut cut(std::uint64_t excess) const;

  private:
    std::array<std::uint64_t, kBuckets> bytes_{};
};

}  // namespace thumbgate
