#include "backend/converter/thumbhash.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

namespace thumbgate {
namespace {

constexpr std::size_t kChannels = 4;  // bytes of a pixel
constexpr int kTermsOpaque = 7;       // of luminance along the longer side
constexpr int kTermsWithAlpha = 5;    // the rest of the bytes is the alpha's
constexpr int kLeastTerms = 3;
constexpr int kColourTerms = 3;
constexpr int kAlphaTerms = 5;

using Channel = std::vector<double>;

// Luminance, yellow against blue, red against green, alpha; transparent pixels have the mean colour.
struct Channels {
    Channel luminance;
    Channel yellow_blue;
    Channel red_green;
    Channel alpha;
    bool has_alpha = false;
};

struct Mean {
    std::array<double, 3> colour{};
    double alpha = 0;  // the sum
};

constexpr double kMost = 255;  // of a byte

Mean mean_of(std::span<const std::uint8_t> rgba) {
    Mean mean;
    for (std::size_t i = 0; i < rgba.size(); i += kChannels) {
        const double alpha = rgba[i + 3] / kMost;
        for (std::size_t c = 0; c < mean.colour.size(); ++c) mean.colour.at(c) += alpha / kMost * rgba[i + c];
        mean.alpha += alpha;
    }
    if (mean.alpha > 0) {
        for (double& value : mean.colour) value /= mean.alpha;
    }
    return mean;
}

Channels channels_of(std::span<const std::uint8_t> rgba) {
    const Mean mean = mean_of(rgba);
    Channels channels;
    const std::size_t pixels = rgba.size() / kChannels;
    channels.has_alpha = mean.alpha < static_cast<double>(pixels);
    for (Channel* channel : {&channels.luminance, &channels.yellow_blue, &channels.red_green, &channels.alpha}) {
        channel->reserve(pixels);
    }
    for (std::size_t i = 0; i < rgba.size(); i += kChannels) {
        const double alpha = rgba[i + 3] / kMost;
        const auto over_mean = [&](std::size_t c) {
            return mean.colour.at(c) * (1 - alpha) + alpha / kMost * rgba[i + c];
        };
        const double red = over_mean(0);
        const double green = over_mean(1);
        const double blue = over_mean(2);
        channels.luminance.push_back((red + green + blue) / 3);
        channels.yellow_blue.push_back((red + green) / 2 - blue);
        channels.red_green.push_back(red - green);
        channels.alpha.push_back(alpha);
    }
    return channels;
}

// A channel's cosine transform: its mean, and the lowest frequencies in parts of the strongest one, from 0 to 1.
struct Spectrum {
    double mean = 0;
    double scale = 0;
    std::vector<double> terms;
};

struct Extent {
    int width;
    int height;
};

using Wave = std::vector<double>;

std::vector<Wave> cosines(int frequencies, int length) {
    std::vector<Wave> waves(static_cast<std::size_t>(frequencies));
    for (std::size_t f = 0; f < waves.size(); ++f) {
        for (int i = 0; i < length; ++i) {
            waves[f].push_back(std::cos(std::numbers::pi / length * static_cast<double>(f) * (i + 0.5)));
        }
    }
    return waves;
}

double product(const Wave& wave, const double* values) {
    return std::inner_product(wave.begin(), wave.end(), values, 0.0);
}

// Along rows first, then along what they came to: each frequency down needs no second look at the pixels.
Spectrum spectrum_of(const Channel& channel, Extent extent, int across, int down) {
    const std::vector<Wave> along_columns = cosines(down, extent.height);
    std::vector<Wave> along_rows;
    for (const Wave& wave : cosines(across, extent.width)) {
        Wave sums;
        for (std::size_t at = 0; at < channel.size(); at += wave.size()) sums.push_back(product(wave, &channel[at]));
        along_rows.push_back(std::move(sums));
    }
    Spectrum spectrum;
    // The triangle of frequencies below the diagonal from `across` to `down`.
    for (int y = 0; y < down; ++y) {
        for (int x = 0; x * down < across * (down - y); ++x) {
            const Wave& rows = along_rows[static_cast<std::size_t>(x)];
            const double value =
                product(along_columns[static_cast<std::size_t>(y)], rows.data()) / static_cast<double>(channel.size());
            if (x == 0 && y == 0) {
                spectrum.mean = value;
            } else {
                spectrum.terms.push_back(value);
                spectrum.scale = std::max(spectrum.scale, std::abs(value));
            }
        }
    }
    if (spectrum.scale > 0) {
        for (double& term : spectrum.terms) term = 0.5 + 0.5 / spectrum.scale * term;
    }
    return spectrum;
}

// Halves up, as the format's other writers round.
unsigned quantised(double value) {
    return static_cast<unsigned>(std::floor(value + 0.5));
}

// Numbers of some bits each, from the lowest bit of the first byte on.
class BitWriter {
  public:
    explicit BitWriter(ThumbHash& hash) : hash_(hash) {}

    void put(unsigned value, unsigned bits) {
        for (unsigned i = 0; i < bits; ++i, ++at_) {
            if ((value >> i & 1U) != 0) hash_.bytes.at(at_ / 8) |= static_cast<std::uint8_t>(1U << at_ % 8);
        }
        hash_.size = static_cast<std::uint8_t>((at_ + 7) / 8);
    }
    void put_terms(const Spectrum& spectrum) {
        for (const double term : spectrum.terms) put(quantised(15 * term), 4);
    }

  private:
    ThumbHash& hash_;
    std::size_t at_ = 0;  // bits
};

int luminance_terms(int most, int side, Extent extent) {
    return std::max(
        static_cast<int>(quantised(static_cast<double>(most * side) / std::max(extent.width, extent.height))), 1);
}

}  // namespace

ThumbHash thumbhash(std::span<const std::uint8_t> rgba, int width, int height) {
    const Extent extent{width, height};
    const Channels channels = channels_of(rgba);
    const int most = channels.has_alpha ? kTermsWithAlpha : kTermsOpaque;
    const int across = luminance_terms(most, width, extent);
    const int down = luminance_terms(most, height, extent);
    const Spectrum luminance =
        spectrum_of(channels.luminance, extent, std::max(across, kLeastTerms), std::max(down, kLeastTerms));
    const Spectrum yellow_blue = spectrum_of(channels.yellow_blue, extent, kColourTerms, kColourTerms);
    const Spectrum red_green = spectrum_of(channels.red_green, extent, kColourTerms, kColourTerms);
    const bool is_landscape = width > height;

    ThumbHash hash;
    BitWriter writer(hash);
    writer.put(quantised(63 * luminance.mean), 6);
    writer.put(quantised(31.5 + 31.5 * yellow_blue.mean), 6);
    writer.put(quantised(31.5 + 31.5 * red_green.mean), 6);
    writer.put(quantised(31 * luminance.scale), 5);
    writer.put(channels.has_alpha ? 1 : 0, 1);
    writer.put(static_cast<unsigned>(is_landscape ? down : across), 3);
    writer.put(quantised(63 * yellow_blue.scale), 6);
    writer.put(quantised(63 * red_green.scale), 6);
    writer.put(is_landscape ? 1 : 0, 1);
    const Spectrum alpha =
        channels.has_alpha ? spectrum_of(channels.alpha, extent, kAlphaTerms, kAlphaTerms) : Spectrum{};
    if (channels.has_alpha) {
        writer.put(quantised(15 * alpha.mean), 4);
        writer.put(quantised(15 * alpha.scale), 4);
    }
    for (const Spectrum* spectrum : {&luminance, &yellow_blue, &red_green, &alpha}) writer.put_terms(*spectrum);
    return hash;
}

}  // namespace thumbgate
