#include "backend/conversion/cost_model.hpp"

#include <algorithm>
#include <bit>

namespace thumbgate {
namespace {

using std::chrono::milliseconds;

struct Guess {
    std::string_view label;
    milliseconds least;
    milliseconds per_megabyte;  // of the source
};

// Of the order that a 2020s core takes; the first job of a size corrects it.
constexpr std::array<Guess, 7> kGuesses{{
    {"jpeg", milliseconds(10), milliseconds(10)},
    {"png", milliseconds(15), milliseconds(10)},
    {"webp", milliseconds(15), milliseconds(10)},
    {"avif", milliseconds(100), milliseconds(20)},
    {"gif", milliseconds(50), milliseconds(50)},
    {"jxl", milliseconds(50), milliseconds(20)},
    {"inspect", milliseconds(10), milliseconds(40)},
}};

constexpr std::uint64_t kMegabyte = 1 << 20;
constexpr int kSmallestBits = 14;  // what is below 16 KiB is one size
constexpr int kWeight = 5;         // a new sample counts for a fifth

}  // namespace

std::size_t CostModel::row(std::string_view label) {
    const auto* found = std::ranges::find(kGuesses, label, &Guess::label);
    return found == kGuesses.end() ? 0 : static_cast<std::size_t>(found - kGuesses.begin());
}

std::size_t CostModel::column(std::uint64_t source_bytes) {
    const int bits = std::max(static_cast<int>(std::bit_width(source_bytes)) - kSmallestBits, 0);
    return std::min(static_cast<std::size_t>(bits), kSizes - 1);
}

CostModel::Duration CostModel::estimate(std::string_view label, std::uint64_t source_bytes) const {
    const std::size_t of_label = row(label);
    const std::size_t of_size = column(source_bytes);
    const Duration learnt = learnt_.at(of_label).at(of_size);
    if (learnt > Duration::zero()) return learnt;
    const Guess& guess = kGuesses.at(of_label);
    const std::uint64_t megabytes = (std::uint64_t{1} << (of_size + kSmallestBits)) / kMegabyte;
    return guess.least + guess.per_megabyte * static_cast<int>(megabytes);
}

void CostModel::learn(std::string_view label, std::uint64_t source_bytes, Duration took) {
    Duration& learnt = learnt_.at(row(label)).at(column(source_bytes));
    took = std::max(took, Duration(1));
    learnt = learnt == Duration::zero() ? took : learnt + (took - learnt) / kWeight;
}

}  // namespace thumbgate
