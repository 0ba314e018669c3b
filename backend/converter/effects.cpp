#include <algorithm>
#include <vector>

#include "backend/converter/steps.hpp"

namespace thumbgate {
namespace {

using vips::VImage;
using vips::VOption;

constexpr int kColours = 3;  // bands; fewer are shades of grey

double pixels_of(std::uint32_t thousandths) {
    return static_cast<double>(thousandths) / kDprUnit;
}

VImage blurred(const VImage& image, double sigma) {
    if (!image.has_alpha()) return image.gaussblur(sigma);
    // Else the colour of fully transparent pixels bleeds into their neighbours.
    return image.premultiply().gaussblur(sigma).unpremultiply().cast(image.format());
}

VImage in_blocks(const VImage& image, int size) {
    const auto whole_blocks = [size](int side) { return (side + size - 1) / size * size; };
    return image
        .embed(0, 0, whole_blocks(image.width()), whole_blocks(image.height()),
               VImage::option()->set("extend", VIPS_EXTEND_COPY))
        .shrink(size, size)
        .zoom(size, size)
        .extract_area(0, 0, image.width(), image.height());
}

}  // namespace

Done blur_and_sharpen(Job& job) {
    if (job.request.blur != 0) job.image = blurred(job.image, pixels_of(job.request.blur));
    if (job.request.sharpen != 0) {
        job.image = job.image.sharpen(VImage::option()->set("sigma", pixels_of(job.request.sharpen)));
    }
    return {};
}

Done pixelate(Job& job) {
    if (job.request.pixelate < 2) return {};
    const int size = std::min(static_cast<int>(job.request.pixelate), std::max(job.image.width(), job.image.height()));
    const VImage image = job.image;
    job.image = image.has_alpha() ? in_blocks(image.premultiply(), size).unpremultiply().cast(image.format())
                                  : in_blocks(image, size);
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
