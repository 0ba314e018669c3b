// The operator's picture above a result. It is decoded and scaled as any source is, once a job, and put onto each
// frame.
#include <algorithm>
#include <vector>

#include "backend/converter/channel.hpp"
#include "backend/converter/steps.hpp"
#include "backend/converter/watermark_geometry.hpp"

namespace thumbgate {
namespace {

using vips::VImage;

constexpr int kColours = 3;          // bands; fewer are shades of grey
constexpr int kLeastTileSide = 256;  // pixels; libvips pastes tile by tile, which takes long where they are small

Size size_of(const VImage& image) {
    return {static_cast<std::uint64_t>(image.width()), static_cast<std::uint64_t>(image.height())};
}

// With transparency, of which `opacity` says how much is left of what is opaque.
VImage faded(const VImage& image, double opacity) {
    VImage whole = image.has_alpha() ? image : image.bandjoin_const({UINT8_MAX});
    if (opacity >= 1) return whole;
    const int colours = whole.bands() - 1;
    const VImage alpha = (whole.extract_band(colours) * opacity).rint().cast(VIPS_FORMAT_UCHAR);
    return whole.extract_band(0, VImage::option()->set("n", colours)).bandjoin(alpha);
}

// `size` of an endless pattern of tiles of which one begins at `spot`.
VImage tiles(const VImage& tile, Spot spot, Size size) {
    const int copies_across = std::max(kLeastTileSide / tile.width(), 1);
    const int copies_down = std::max(kLeastTileSide / tile.height(), 1);
    const VImage block = tile.replicate(copies_across, copies_down).copy_memory();
    const auto begin = [](std::int64_t at, int side) { return static_cast<int>((side - at % side) % side); };
    const int left = begin(spot.left, tile.width());
    const int top = begin(spot.top, tile.height());
    const int width = static_cast<int>(size.width);
    const int height = static_cast<int>(size.height);
    return block.replicate((left + width) / block.width() + 1, (top + height) / block.height() + 1)
        .extract_area(left, top, width, height);
}

VImage tiled(const VImage& picture, const Watermark& mark, const Plan& plan) {
    const Tile tile = watermark_tile(mark, plan.canvas, size_of(picture), plan.density);
    const VImage with_room =
        picture.embed(static_cast<int>(tile.picture.left), static_cast<int>(tile.picture.top),
                      static_cast<int>(tile.size.width), static_cast<int>(tile.size.height),
                      VImage::option()->set("extend", VIPS_EXTEND_BACKGROUND)->set("background", std::vector{0.0}));
    return tiles(with_room, tile.middle, plan.canvas);
}

// What of `mark` lies on `image`, composed with that; `spot` becomes that of the part.
VImage composed(const VImage& image, const VImage& mark, Spot& spot) {
    const auto left = static_cast<int>(std::max<std::int64_t>(spot.left, 0));
    const auto top = static_cast<int>(std::max<std::int64_t>(spot.top, 0));
    const auto skipped_left = static_cast<int>(left - spot.left);
    const auto skipped_top = static_cast<int>(top - spot.top);
    const int width = std::min(mark.width() - skipped_left, image.width() - left);
    const int height = std::min(mark.height() - skipped_top, image.height() - top);
    spot = {left, top};
    // In floating point: libvips cuts off what is less than a level.
    const VImage under = image.extract_area(left, top, width, height).cast(VIPS_FORMAT_FLOAT);
    const VImage over = mark.extract_area(skipped_left, skipped_top, width, height).cast(VIPS_FORMAT_FLOAT);
    const VImage both = under.composite2(over, VIPS_BLEND_MODE_OVER,
                                         VImage::option()->set("compositing_space", image.interpretation()));
    return both.extract_band(0, VImage::option()->set("n", image.bands())).rint().cast(VIPS_FORMAT_UCHAR);
}

}  // namespace

JobRequest watermark_request(const Job& job) {
    auto request = blank_message<JobRequest>();
    request.kind = JobKind::convert;
    request.max_pixels = job.request.max_pixels;
    request.max_side = job.request.max_side;
    request.max_frames = job.request.max_frames;
    request.max_scans = job.request.max_scans;
    request.max_metadata_bytes = job.request.max_metadata_bytes;
    const auto box = watermark_box(job.request.watermark, job.plan.canvas);
    if (!box) return request;
    request.width = static_cast<std::uint32_t>(box->width);
    request.height = static_cast<std::uint32_t>(box->height);
    request.enlarge = true;
    return request;
}

void take_watermark(Job& job, const vips::VImage& picture) {
    const Watermark& mark = job.request.watermark;
    const auto part = [](std::uint32_t thousandths) { return static_cast<double>(thousandths) / kDprUnit; };
    const VImage shown = faded(picture, part(mark.opacity) * part(job.request.watermark_opacity));
    job.watermark = mark.is_tiled ? tiled(shown, mark, job.plan) : shown;
}

Done put_watermark_on(Job& job) {
    if (job.watermark.is_null()) return {};
    const bool is_grey = std::max(job.image.bands(), job.watermark.bands() - 1) < kColours;
    const VipsInterpretation colours = is_grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    const VImage image = job.image.colourspace(colours);
    const VImage mark = job.watermark.colourspace(colours);
    Spot spot;
    if (!job.request.watermark.is_tiled) {
        spot = watermark_spot(job.request.watermark, job.plan.canvas, size_of(mark), job.plan.density);
    }
    const VImage part = composed(image, mark, spot);
    job.image = image.insert(part, static_cast<int>(spot.left), static_cast<int>(spot.top));
    return {};
}

}  // namespace thumbgate
