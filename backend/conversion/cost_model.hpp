// How long a job will take a converter, learnt from those before it: a moving average by what is asked for and by the
// size of the source, each power of two apart. A fixed table; not thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace thumbgate {

class CostModel {
  public:
    using Duration = std::chrono::steady_clock::duration;

    // `label`: as label() of a job. A guess until something was learnt.
    Duration estimate(std::string_view label, std::uint64_t source_bytes) const;
    void learn(std::string_view label, std::uint64_t source_bytes, Duration took);

  private:
    static constexpr std::size_t kLabels = 7;
    static constexpr std::size_t kSizes = 18;  // from below 16 KiB to 1 GiB and above

    static std::size_t row(std::string_view label);
    static std::size_t column(std::uint64_t source_bytes);

    std::array<std::array<Duration, kSizes>, kLabels> learnt_{};  // zero: nothing yet
};

}  // namespace thumbgate
