#include "backend/converter/lanczos.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>
#include <numeric>
#include <utility>

namespace thumbgate {
namespace {

constexpr double kLobes = 3;
constexpr std::size_t kLanes = 4;
constexpr std::size_t kBlock = 32;  // values that are mixed at once: they stay in registers

// Four values at once, on any processor; the compiler knows how.
using Lanes [[gnu::vector_size(kLanes * sizeof(float))]] = float;

Lanes lanes_at(const float* values) {
    Lanes lanes;
    std::memcpy(&lanes, values, sizeof lanes);
    return lanes;
}

double lanczos(double at) {
    if (at == 0) return 1;
    if (std::abs(at) >= kLobes) return 0;
    const double angle = std::numbers::pi * at;
    return kLobes * std::sin(angle) * std::sin(angle / kLobes) / (angle * angle);
}

std::size_t rounded_up(std::size_t value, std::size_t step) {
    return (value + step - 1) / step * step;
}

std::uint8_t as_byte(float value) {
    return static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.0F));
}

}  // namespace

LanczosAxis::LanczosAxis(int from, int to, double extent) : from_(from), starts_(static_cast<std::size_t>(to)) {
    const double shrink = extent / to;
    const double reach = kLobes * shrink;
    width_ = rounded_up(static_cast<std::size_t>(2 * reach) + 1, 2);
    weights_.resize(static_cast<std::size_t>(to) * width_);
    for (int at = 0; at < to; ++at) {
        const double centre = (at + 0.5) * shrink - 0.5;
        const int begin = static_cast<int>(std::ceil(centre - reach));
        const int end = static_cast<int>(std::floor(centre + reach));
        const int start = std::clamp(begin, 0, from - 1);
        const auto weights = std::span(weights_).subspan(static_cast<std::size_t>(at) * width_, width_);
        double sum = 0;
        for (int old = begin; old <= end; ++old) {
            const double weight = lanczos((old - centre) / shrink);
            weights[static_cast<std::size_t>(std::clamp(old, 0, from - 1) - start)] += static_cast<float>(weight);
            sum += weight;
        }
        for (float& weight : weights) weight = static_cast<float>(weight / sum);
        starts_[static_cast<std::size_t>(at)] = start;
    }
}

LanczosRows::LanczosRows(LanczosAxis horizontal, LanczosAxis vertical, int bands)
    : horizontal_(std::move(horizontal)),
      vertical_(std::move(vertical)),
      bands_(static_cast<std::size_t>(bands)),
      // Weights of 0 are multiplied with what is there beyond the last pixel.
      stride_(rounded_up((static_cast<std::size_t>(horizontal_.from()) + horizontal_.weights(0).size() + 1) * bands_,
                         kBlock)),
      rows_held_(vertical_.weights(0).size()),
      held_(rows_held_ * stride_),
      window_(rows_held_),
      mixed_(stride_) {}

std::uint8_t* LanczosRows::push(const std::uint8_t* row, std::uint8_t* to) {
    const std::size_t values = static_cast<std::size_t>(horizontal_.from()) * bands_;
    std::copy_n(row, values, held_row(pushed_++));
    const auto is_complete = [this](int at) {
        const int end = vertical_.first(at) + static_cast<int>(vertical_.weights(at).size());
        return std::min(end, vertical_.from()) <= pushed_;
    };
    while (made_ < vertical_.to() && is_complete(made_)) {
        mix_rows(made_++);
        write_row(to);
        to += static_cast<std::size_t>(horizontal_.to()) * bands_;
    }
    return to;
}

void LanczosRows::mix_rows(int at) {
    const auto weights = vertical_.weights(at);
    for (std::size_t k = 0; k < weights.size(); ++k) window_[k] = held_row(vertical_.first(at) + static_cast<int>(k));
    for (std::size_t begin = 0; begin < stride_; begin += kBlock) {
        std::array<float, kBlock> sums{};
        for (std::size_t k = 0; k < weights.size(); ++k) {
            const float weight = weights[k];
            const float* values = window_[k] + begin;
            for (std::size_t i = 0; i < kBlock; ++i) sums[i] += weight * values[i];
        }
        std::copy(sums.begin(), sums.end(), mixed_.begin() + static_cast<std::ptrdiff_t>(begin));
    }
}

void LanczosRows::write_row(std::uint8_t* to) const {
    for (int at = 0; at < horizontal_.to(); ++at) {
        const auto weights = horizontal_.weights(at);
        const float* values = mixed_.data() + static_cast<std::size_t>(horizontal_.first(at)) * bands_;
        if (bands_ == 1) {
            *to++ = as_byte(std::inner_product(weights.begin(), weights.end(), values, 0.0F));
            continue;
        }
        Lanes sums{};
        // The fourth lane has the next pixel's first value, and is left out.
        Lanes others{};
        for (std::size_t k = 0; k < weights.size(); k += 2) {
            sums += weights[k] * lanes_at(values + k * bands_);
            others += weights[k + 1] * lanes_at(values + (k + 1) * bands_);
        }
        sums += others;
        for (std::size_t band = 0; band < bands_; ++band) *to++ = as_byte(sums[band]);
    }
}

}  // namespace thumbgate
