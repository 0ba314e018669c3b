// Makes a picture smaller with Lanczos3, row by row: what libvips' own resize does without generated vector code, which
// the sandbox forbids, in a quarter of the time. Plain C++, without libvips; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thumbgate {

// Along one axis: which of the old pixels make a new one, and how much of each. Beyond an edge there is the edge's own
// pixel; the weights of a new pixel have a sum of 1.
class LanczosAxis {
  public:
    // 1 <= to <= from. `extent`: where the picture ends, in old pixels: above from - 1, and below `from` where a
    // decoder that shrinks had too little left for the last one.
    LanczosAxis(int from, int to, double extent);
    LanczosAxis(int from, int to) : LanczosAxis(from, to, from) {}

    int from() const { return from_; }
    int to() const { return static_cast<int>(starts_.size()); }
    int first(int at) const { return starts_[static_cast<std::size_t>(at)]; }
    // As many for each new pixel, an even number: those that are not needed are 0. first() + their number may be beyond
    // from().
    std::span<const float> weights(int at) const {
        return std::span(weights_).subspan(static_cast<std::size_t>(at) * width_, width_);
    }

  private:
    int from_;
    std::size_t width_ = 0;
    std::vector<int> starts_;
    std::vector<float> weights_;
};

// Rows go in from top to bottom, each once; every new row comes out as soon as the last one that it is made of is in.
class LanczosRows {
  public:
    // `bands`, 1 or 3: bytes a pixel.
    LanczosRows(LanczosAxis horizontal, LanczosAxis vertical, int bands);

    // A row of horizontal.from() * bands bytes. The new rows of which it was the last are written behind `to`, each of
    // horizontal.to() * bands bytes. Returns where the next new row goes.
    std::uint8_t* push(const std::uint8_t* row, std::uint8_t* to);

  private:
    float* held_row(int at) { return held_.data() + static_cast<std::size_t>(at) % rows_held_ * stride_; }
    void mix_rows(int at);
    void write_row(std::uint8_t* to) const;

    LanczosAxis horizontal_;
    LanczosAxis vertical_;
    std::size_t bands_;
    std::size_t stride_;                // of a held row, in values
    std::size_t rows_held_;             // as many as a new row needs
    std::vector<float> held_;           // the last rows_held_ rows
    std::vector<const float*> window_;  // those that the next new row is made of
    std::vector<float> mixed_;          // a row that is new in height, old in width
    int pushed_ = 0;
    int made_ = 0;
};

}  // namespace thumbgate
