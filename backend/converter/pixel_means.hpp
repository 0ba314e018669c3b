// A picture's mean colours in a grid of at most 100 × 100 cells, taken row by row as the rows are decoded. Transparent
// pixels count for as much as is seen of them. Plain C++; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace thumbgate {

class PixelMeans {
  public:
    static constexpr int kMostBands = 5;  // samples of a pixel: CMYK and alpha

    // In pixels, at least 1 × 1. `bands`: 1 to kMostBands; with `has_alpha` the last one is the alpha.
    PixelMeans(int width, int height, int bands, bool has_alpha);

    // The next row: width × bands samples, of one type throughout. Rows beyond the height are those of further frames:
    // they count for has_transparency() alone.
    template <typename Sample>
    void add_row(std::span<const Sample> row);

    int grid_width() const { return static_cast<int>(columns_.size()) - 1; }
    int grid_height() const { return grid_height_; }
    // grid_width × grid_height × bands samples, row by row.
    template <typename Sample>
    std::vector<Sample> cells() const;

    // Some pixel is not opaque. `Sample`: the type of the rows.
    template <typename Sample>
    bool has_transparency() const {
        return has_alpha_ && least_alpha_ < std::numeric_limits<Sample>::max();
    }

  private:
    template <typename Sample>
    void look_at_alpha(std::span<const Sample> row);
    template <typename Sample, std::size_t Bands>
    void add_cells(std::span<const Sample> row, std::uint64_t* sums);

    std::size_t bands_;
    bool has_alpha_;
    int height_;
    int grid_height_;
    int row_ = 0;
    std::vector<std::size_t> columns_;  // where each cell begins, and where the last one ends
    std::vector<std::uint64_t> sums_;   // bands_ a cell; colours are multiplied by their alpha
    std::vector<std::uint64_t> counts_;
    std::uint64_t least_alpha_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace thumbgate
