#include "tests/support/ssim.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "tests/support/failure.hpp"
#include "tests/support/files.hpp"
#include "tests/support/process.hpp"

namespace thumbgate::test {

namespace fs = std::filesystem;

namespace {

constexpr int kRadius = 5;  // of the window
constexpr double kSigma = 1.5;
constexpr float kC1 = 0.01F * 255 * 0.01F * 255;  // they keep flat areas from dividing by nothing
constexpr float kC2 = 0.03F * 255 * 0.03F * 255;

using Plane = std::vector<float>;

std::array<float, 2 * kRadius + 1> window() {
    std::array<float, 2 * kRadius + 1> weights{};
    float sum = 0;
    for (int at = -kRadius; float& weight : weights) {
        weight = static_cast<float>(std::exp(-at * at / (2 * kSigma * kSigma)));
        sum += weight;
        ++at;
    }
    for (float& weight : weights) weight /= sum;
    return weights;
}

// Along one axis; beyond an edge there is the edge's own pixel. `step` goes along the axis, `line` to the next line.
Plane blurred_along(const Plane& from, int length, int step, int lines, int line) {
    static const auto weights = window();
    Plane to(from.size());
    for (int i = 0; i < lines; ++i) {
        for (int at = 0; at < length; ++at) {
            float sum = 0;
            for (int k = -kRadius; k <= kRadius; ++k) {
                const int near = std::clamp(at + k, 0, length - 1);
                sum += weights.at(static_cast<std::size_t>(k + kRadius)) *
                       from[static_cast<std::size_t>(i * line + near * step)];
            }
            to[static_cast<std::size_t>(i * line + at * step)] = sum;
        }
    }
    return to;
}

Plane blurred(const Plane& plane, const Luma& of) {
    return blurred_along(blurred_along(plane, of.width, 1, of.height, of.width), of.height, of.width, of.width, 1);
}

Plane product(const Plane& a, const Plane& b) {
    Plane result(a.size());
    std::ranges::transform(a, b, result.begin(), std::multiplies());
    return result;
}

Luma parse_pgm(const std::string& pgm, const std::string& whence) {
    std::istringstream head(pgm.substr(0, 64));
    std::string magic;
    Luma luma;
    int most = 0;
    head >> magic >> luma.width >> luma.height >> most;
    const std::size_t size = static_cast<std::size_t>(luma.width) * static_cast<std::size_t>(luma.height);
    const auto start = static_cast<std::size_t>(head.tellg()) + 1;
    if (magic != "P5" || most != 255 || size == 0 || pgm.size() != start + size) {
        fail_fixture("ImageMagick sees no picture in " + whence);
    }
    luma.values.reserve(size);
    for (const char value : std::string_view(pgm).substr(start)) {
        luma.values.push_back(static_cast<float>(static_cast<unsigned char>(value)));
    }
    return luma;
}

}  // namespace

Luma luma_of(const fs::path& file, const std::vector<std::string>& operations) {
    const TempDir dir;
    const fs::path pgm = dir / "luma.pgm";
    std::vector<std::string> argv{kImageMagick, file.string() + "[0]"};
    argv.insert(argv.end(), operations.begin(), operations.end());
    // A picture's comment would become one in the PGM's head.
    for (const char* word :
         {"-strip", "-background", "white", "-alpha", "remove", "-colorspace", "Gray", "-depth", "8"}) {
        argv.emplace_back(word);
    }
    argv.push_back(pgm.string());
    const RunResult result = run(argv);
    if (!result.ok()) fail_fixture("ImageMagick on " + file.string() + ": " + result.err);
    return parse_pgm(read_file(pgm), file.string());
}

Luma luma_of_bytes(std::string_view picture) {
    const TempDir dir;
    write_file(dir / "picture", picture);
    return luma_of(dir / "picture");
}

double ssim(const Luma& a, const Luma& b) {
    if (a.width != b.width || a.height != b.height) {
        fail_fixture("pictures of " + std::to_string(a.width) + " x " + std::to_string(a.height) + " and " +
                     std::to_string(b.width) + " x " + std::to_string(b.height) + " are not compared");
    }
    const Plane mean_a = blurred(a.values, a);
    const Plane mean_b = blurred(b.values, a);
    const Plane square_a = blurred(product(a.values, a.values), a);
    const Plane square_b = blurred(product(b.values, b.values), a);
    const Plane both = blurred(product(a.values, b.values), a);
    double sum = 0;
    for (std::size_t i = 0; i < both.size(); ++i) {
        const float means = mean_a[i] * mean_b[i];
        const float squares = mean_a[i] * mean_a[i] + mean_b[i] * mean_b[i];
        const float covariance = both[i] - means;
        const float variances = square_a[i] + square_b[i] - squares;
        sum += static_cast<double>((2 * means + kC1) * (2 * covariance + kC2) / ((squares + kC1) * (variances + kC2)));
    }
    return sum / static_cast<double>(both.size());
}

}  // namespace thumbgate::test
