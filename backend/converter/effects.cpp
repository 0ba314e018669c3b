#include <algorithm>
#include <cmath>
#include <vector>

#include "backend/converter/steps.hpp"

namespace thumbgate {
namespace {

using vips::VImage;
using vips::VOption;

constexpr int kColours = 3;           // bands; fewer are shades of grey
constexpr double kLargestSigma = 10;  // pixels; takes 60 ms a megapixel on one core

double pixels_of(std::uint32_t thousandths) {
    return static_cast<double>(thousandths) / kDprUnit;
}

VImage in_whole_blocks(const VImage& image, int size) {
    const auto whole_blocks = [size](int side) { return (side + size - 1) / size * size; };
    return image.embed(0, 0, whole_blocks(image.width()), whole_blocks(image.height()),
                       VImage::option()->set("extend", VIPS_EXTEND_COPY));
}

// What a blur takes grows with its sigma: beyond some pixels it is done on a smaller picture, which nobody can tell.
VImage blurred(const VImage& image, double sigma) {
    if (sigma <= kLargestSigma) return image.gaussblur(sigma);
    const int factor = static_cast<int>(std::ceil(sigma / kLargestSigma));
    return in_whole_blocks(image, factor)
        .shrink(factor, factor)
        .gaussblur(sigma / factor)
        .resize(factor)
        .extract_area(0, 0, image.width(), image.height());
}

VImage in_blocks(const VImage& image, int size) {
    return in_whole_blocks(image, size)
        .shrink(size, size)
        .zoom(size, size)
        .extract_area(0, 0, image.width(), image.height());
}

// Else the colour of fully transparent pixels bleeds into their neighbours.
template <typename Filter>
VImage premultiplied(const VImage& image, Filter&& filter) {
    if (!image.has_alpha()) return filter(image);
    return filter(image.premultiply()).unpremultiply().cast(image.format());
}

}  // namespace

Done blur_and_sharpen(Job& job) {
    if (job.request.blur != 0) {
        const double sigma = pixels_of(job.request.blur);
        job.image = premultiplied(job.image, [sigma](const VImage& image) { return blurred(image, sigma); });
    }
    if (job.request.sharpen != 0) {
        job.image = job.image.sharpen(VImage::option()->set("sigma", pixels_of(job.request.sharpen)));
    }
    return {};
}

Done pixelate(Job& job) {
    if (job.request.pixelate < 2) return {};
    const int size = std::min(static_cast<int>(job.request.pixelate), std::max(job.image.width(), job.image.height()));
    job.image = premultiplied(job.image, [size](const VImage& image) { return in_blocks(image, size); });
    return {};
}

Done extend(Job& job) {
    if (!job.plan.extends()) return {};
    if (!job.image.has_alpha()) job.image = job.image.bandjoin_const({UINT8_MAX});
    job.image =
        job.image.embed(static_cast<int>(job.plan.canvas_left), static_cast<int>(job.plan.canvas_top),
                        static_cast<int>(job.plan.canvas.width), static_cast<int>(job.plan.canvas.height),
                        VImage::option()->set("extend", VIPS_EXTEND_BACKGROUND)->set("background", std::vector{0.0}));
    return {};
}

Done fill_background(Job& job) {
    if (!job.request.has_background || !job.image.has_alpha()) return {};
    if (job.image.bands() < kColours) job.image = job.image.colourspace(VIPS_INTERPRETATION_sRGB);
    const Colour colour = job.request.background;
    const std::vector<double> channels{static_cast<double>(colour.red), static_cast<double>(colour.green),
                                       static_cast<double>(colour.blue)};
    job.image = job.image.flatten(VImage::option()->set("background", channels));
    return {};
}

}  // namespace thumbgate
