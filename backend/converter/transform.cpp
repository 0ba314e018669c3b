#include <algorithm>
#include <utility>

#include "backend/converter/steps.hpp"

namespace thumbgate {
namespace {

using vips::VImage;

constexpr int kColours = 3;            // bands; fewer are shades of grey
constexpr const char* kSrgb = "srgb";  // libvips' built-in profile

bool has_profile(const VImage& image) {
    return image.get_typeof(VIPS_META_ICC_NAME) != 0;
}

// sRGB with 8 bits, or grey where there is no colour.
VImage to_screen_colours(const VImage& image) {
    const bool grey = image.bands() < kColours;
    return image.colourspace(grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB);
}

// littlecms goes through a table of few points for samples of 16 bits, where its arithmetic for 8 bits is exact: it
// loses less that way, as the result has 8 bits in any case.
VImage with_8_bits(const VImage& image) {
    constexpr double kLevels = 257;  // of 16 bits, to one of 8
    if (image.format() != VIPS_FORMAT_USHORT) return image;
    VipsInterpretation interpretation = image.interpretation();
    if (interpretation == VIPS_INTERPRETATION_RGB16) interpretation = VIPS_INTERPRETATION_sRGB;
    if (interpretation == VIPS_INTERPRETATION_GREY16) interpretation = VIPS_INTERPRETATION_B_W;
    return (image / kLevels)
        .rint()
        .cast(VIPS_FORMAT_UCHAR)
        .copy(VImage::option()->set("interpretation", interpretation));
}

int as_int(std::uint64_t pixels) {
    return static_cast<int>(pixels);
}  // at most 10,000,000, see plan_result

std::uint64_t as_pixels(int value) {
    return static_cast<std::uint64_t>(std::max(value, 0));
}

}  // namespace

// With a profile the numbers mean nothing without it: they are scaled as they are, and converted when they are few.
Done choose_colour_space(Job& job) {
    if (!has_profile(job.image)) job.image = to_screen_colours(job.image);
    return {};
}

// Else the colour of fully transparent pixels bleeds into their neighbours.
Done premultiply(Job& job) {
    job.premultiplied_from.reset();
    if (!job.image.has_alpha() || job.plan.scaled == job.plan.used.size) return {};
    job.premultiplied_from = job.image.format();
    job.image = job.image.premultiply();
    return {};
}

Done resize(Job& job) {
    const Size target = oriented(job.orientation, job.plan.scaled);
    const double horizontal = static_cast<double>(target.width) / job.image.width();
    const double vertical = static_cast<double>(target.height) / job.image.height();
    if (horizontal == 1 && vertical == 1) return {};
    job.image = job.image.resize(horizontal, VImage::option()->set("vscale", vertical));
    return {};
}

Done unpremultiply(Job& job) {
    if (job.premultiplied_from) job.image = job.image.unpremultiply().cast(*job.premultiplied_from);
    return {};
}

Done convert_to_srgb(Job& job) {
    if (!has_profile(job.image)) return {};
    try {
        job.image = with_8_bits(job.image).icc_transform(
            kSrgb, VImage::option()->set("embedded", true)->set("intent", VIPS_INTENT_PERCEPTUAL)->set("depth", 8));
    } catch (const vips::VError&) {
        // A profile for other pixels than these, or a broken one: the picture is shown without it.
        vips_error_clear();
        job.image = to_screen_colours(job.image);
    }
    return {};
}

Done decode(Job& job) {
    job.image = job.image.copy_memory();
    return {};
}

Done orient(Job& job) {
    auto [transposed, horizontally, vertically] = job.orientation;
    if (transposed) {
        // A quarter turn is a transposition and a mirror.
        job.image = job.image.rot90();
        horizontally = !horizontally;
    }
    if (horizontally && vertically) {
        job.image = job.image.rot180();
    } else if (horizontally || vertically) {
        job.image = job.image.flip(horizontally ? VIPS_DIRECTION_HORIZONTAL : VIPS_DIRECTION_VERTICAL);
    }
    const Size size{static_cast<std::uint64_t>(job.image.width()), static_cast<std::uint64_t>(job.image.height())};
    if (size == job.plan.scaled) return {};
    return std::unexpected(Failure{Outcome::failed, "scaled to another size than planned"});
}

Done crop(Job& job) {
    if (!job.plan.crops()) return {};
    const int width = as_int(job.plan.result.width);
    const int height = as_int(job.plan.result.height);
    if (job.plan.crop_by_content) {
        job.image = job.image.copy_memory().smartcrop(width, height,
                                                      VImage::option()->set("interesting", VIPS_INTERESTING_ATTENTION));
        // Frames that follow show the same part.
        job.plan.crop_by_content = false;
        job.plan.left = as_pixels(-job.image.xoffset());
        job.plan.top = as_pixels(-job.image.yoffset());
    } else {
        job.image = job.image.extract_area(as_int(job.plan.left), as_int(job.plan.top), width, height);
    }
    return {};
}

}  // namespace thumbgate
