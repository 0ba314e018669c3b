#include "backend/converter/pixel_means.hpp"

#include <algorithm>
#include <array>

namespace thumbgate {
namespace {

constexpr int kMostCells = 100;  // along a side

int cells_along(int width, int height, int side) {
    const int longer = std::max(width, height);
    if (longer <= kMostCells) return side;
    return std::max(static_cast<int>(std::int64_t{side} * kMostCells / longer), 1);
}

// The number of bands is known when it is compiled: each sum stays in a register.
template <typename Sample, std::size_t Bands>
void add_opaque(std::span<const Sample> pixels, std::uint64_t* sums) {
    std::array<std::uint64_t, Bands> now{};
    for (std::size_t at = 0; at < pixels.size(); at += Bands) {
        for (std::size_t band = 0; band < Bands; ++band) now[band] += pixels[at + band];
    }
    for (std::size_t band = 0; band < Bands; ++band) sums[band] += now[band];
}

template <typename Sample, std::size_t Bands>
void add_weighed(std::span<const Sample> pixels, std::uint64_t* sums) {
    std::array<std::uint64_t, Bands> now{};
    for (std::size_t at = 0; at < pixels.size(); at += Bands) {
        const std::uint64_t alpha = pixels[at + Bands - 1];
        for (std::size_t band = 0; band + 1 < Bands; ++band) now[band] += alpha * pixels[at + band];
        now[Bands - 1] += alpha;
    }
    for (std::size_t band = 0; band < Bands; ++band) sums[band] += now[band];
}

}  // namespace

PixelMeans::PixelMeans(int width, int height, int bands, bool has_alpha)
    : bands_(static_cast<std::size_t>(bands)),
      has_alpha_(has_alpha),
      height_(height),
      grid_height_(cells_along(width, height, height)) {
    const int cells = cells_along(width, height, width);
    for (int i = 0; i <= cells; ++i) columns_.push_back(static_cast<std::size_t>(std::int64_t{width} * i / cells));
    const std::size_t all = static_cast<std::size_t>(cells) * static_cast<std::size_t>(grid_height_);
    sums_.resize(all * bands_);
    counts_.resize(all);
}

template <typename Sample>
void PixelMeans::look_at_alpha(std::span<const Sample> row) {
    Sample least = std::numeric_limits<Sample>::max();
    for (std::size_t at = bands_ - 1; at < row.size(); at += bands_) least = std::min(least, row[at]);
    least_alpha_ = std::min<std::uint64_t>(least_alpha_, least);
}

template <typename Sample, std::size_t Bands>
void PixelMeans::add_cells(std::span<const Sample> row, std::uint64_t* sums) {
    for (std::size_t i = 0; i + 1 < columns_.size(); ++i, sums += Bands) {
        const auto pixels = row.subspan(columns_[i] * Bands, (columns_[i + 1] - columns_[i]) * Bands);
        has_alpha_ ? add_weighed<Sample, Bands>(pixels, sums) : add_opaque<Sample, Bands>(pixels, sums);
    }
}

template <typename Sample>
void PixelMeans::add_row(std::span<const Sample> row) {
    if (has_alpha_) look_at_alpha(row);
    if (row_ >= height_) return;
    using Add = void (PixelMeans::*)(std::span<const Sample>, std::uint64_t*);
    constexpr std::array<Add, kMostBands> kAdds{&PixelMeans::add_cells<Sample, 1>, &PixelMeans::add_cells<Sample, 2>,
                                                &PixelMeans::add_cells<Sample, 3>, &PixelMeans::add_cells<Sample, 4>,
                                                &PixelMeans::add_cells<Sample, 5>};
    const auto cell_row = static_cast<std::size_t>(std::int64_t{row_++} * grid_height_ / height_);
    const std::size_t across = columns_.size() - 1;
    (this->*kAdds.at(bands_ - 1))(row, &sums_[cell_row * across * bands_]);
    for (std::size_t i = 0; i < across; ++i) counts_[cell_row * across + i] += columns_[i + 1] - columns_[i];
}

template <typename Sample>
std::vector<Sample> PixelMeans::cells() const {
    const auto mean = [](std::uint64_t sum, std::uint64_t count) {
        return static_cast<Sample>(count == 0 ? 0 : (sum + count / 2) / count);
    };
    std::vector<Sample> cells;
    cells.reserve(sums_.size());
    for (std::size_t cell = 0; cell < counts_.size(); ++cell) {
        const std::size_t at = cell * bands_;
        const std::uint64_t seen = has_alpha_ ? sums_[at + bands_ - 1] : counts_[cell];
        for (std::size_t band = 0; band < bands_; ++band) {
            const bool is_alpha = has_alpha_ && band == bands_ - 1;
            cells.push_back(mean(sums_[at + band], is_alpha ? counts_[cell] : seen));
        }
    }
    return cells;
}

template void PixelMeans::add_row(std::span<const std::uint8_t>);
template void PixelMeans::add_row(std::span<const std::uint16_t>);
template std::vector<std::uint8_t> PixelMeans::cells() const;
template std::vector<std::uint16_t> PixelMeans::cells() const;

}  // namespace thumbgate
