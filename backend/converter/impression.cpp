// What an inspection sees of a picture as a whole. Every pixel is decoded, which finds what is damaged, and is looked
// at once; what is described are means of a few thousand places.
#include <span>
#include <vector>

#include "backend/converter/blobs.hpp"
#include "backend/converter/dominant_colour.hpp"
#include "backend/converter/image_rows.hpp"
#include "backend/converter/pixel_means.hpp"
#include "backend/converter/steps.hpp"
#include "backend/converter/thumbhash.hpp"

namespace thumbgate {
namespace {

using vips::VImage;

constexpr int kColours = 3;  // bands; fewer are shades of grey
constexpr int kChannels = 4;
constexpr double kOpaque = 255;

// The grid as a picture in the colours of its source.
template <typename Sample>
VImage picture_of(const PixelMeans& means, const VImage& source) {
    const std::vector<Sample> cells = means.cells<Sample>();
    VipsImage* copied = vips_image_new_from_memory_copy(cells.data(), cells.size() * sizeof(Sample), means.grid_width(),
                                                        means.grid_height(), source.bands(), source.format());
    if (copied == nullptr) throw vips::VError();
    const VImage grid(copied);
    grid.get_image()->Type = source.interpretation();
    copy_blob(source, grid, VIPS_META_ICC_NAME);
    return grid;
}

template <typename Sample>
void shrink_to_means(Job& job) {
    const int frame_height = job.image.height() / static_cast<int>(job.frames);
    PixelMeans means(job.image.width(), frame_height, job.image.bands(), job.image.has_alpha());
    const auto samples = static_cast<std::size_t>(job.image.width()) * static_cast<std::size_t>(job.image.bands());
    for_each_row(job.image, [&](const VipsPel* row) {
        means.add_row(std::span<const Sample>(reinterpret_cast<const Sample*>(row), samples));
    });
    job.has_alpha = means.has_transparency<Sample>();
    job.image = picture_of<Sample>(means, job.image);
}

// sRGB and alpha, whatever an image in screen colours lacks of it.
VImage with_all_channels(const VImage& image) {
    const VImage screen = image.bands() < kColours ? image.colourspace(VIPS_INTERPRETATION_sRGB) : image;
    const VImage colours = screen.extract_band(0, VImage::option()->set("n", kColours));
    if (!screen.has_alpha()) return colours.bandjoin_const({kOpaque});
    return colours.bandjoin(screen.extract_band(screen.bands() - 1));
}

}  // namespace

Done choose_samples(Job& job) {
    const VipsBandFormat format = job.image.format();
    const bool counts = format == VIPS_FORMAT_UCHAR || format == VIPS_FORMAT_USHORT;
    if (!counts) job.image = job.image.colourspace(VIPS_INTERPRETATION_sRGB);
    return {};
}

Done take_means(Job& job) {
    const bool is_short = job.image.format() == VIPS_FORMAT_USHORT;
    is_short ? shrink_to_means<std::uint16_t>(job) : shrink_to_means<std::uint8_t>(job);
    const auto pixels = [](int side) { return static_cast<std::uint64_t>(side); };
    job.plan.scaled = oriented(job.orientation, {pixels(job.image.width()), pixels(job.image.height())});
    return {};
}

Done describe_means(Job& job) {
    const VImage image = with_all_channels(job.image).cast(VIPS_FORMAT_UCHAR).copy_memory();
    const auto size = static_cast<std::size_t>(image.width()) * static_cast<std::size_t>(image.height()) * kChannels;
    const std::span rgba(static_cast<const std::uint8_t*>(image.data()), size);
    job.thumbhash = thumbhash(rgba, image.width(), image.height());
    job.dominant_colour = dominant_colour(rgba);
    return {};
}

}  // namespace thumbgate
