#include <algorithm>
#include <memory>
#include <utility>

#include "backend/converter/blobs.hpp"
#include "backend/converter/image_rows.hpp"
#include "backend/converter/lanczos.hpp"
#include "backend/converter/steps.hpp"

namespace thumbgate {
namespace {

using vips::VImage;

constexpr int kRoomForKernel = 2;  // what averaging blocks of whole pixels leaves to Lanczos3, as libvips does

struct MemoryDeleter {
    void operator()(std::uint8_t* memory) const { g_free(memory); }
};

// Without a profile: that would have to come along, and is needed by what follows.
bool is_suited(const VImage& image) {
    const bool is_plain = image.bands() == 1 || image.bands() == 3;
    return is_plain && image.get_typeof(VIPS_META_ICC_NAME) == 0 && image.format() == VIPS_FORMAT_UCHAR &&
           image.coding() == VIPS_CODING_NONE;
}

// How many pixels of the image the picture takes. libjpeg makes a last one of what is left.
struct Extent {
    double width;
    double height;
};

Extent extent_of(const Job& job) {
    const bool is_whole = job.plan.used.size == job.source_size;
    if (job.shrunk_on_load == 1 || !is_whole) {
        return {static_cast<double>(job.image.width()), static_cast<double>(job.image.height())};
    }
    const Size stored = oriented(job.orientation, job.source_size);
    return {static_cast<double>(stored.width) / job.shrunk_on_load,
            static_cast<double>(stored.height) / job.shrunk_on_load};
}

VImage in_blocks(const VImage& image, int width, int height, Extent& extent) {
    const auto factor = [](int from, int to) { return std::max(from / to / kRoomForKernel, 1); };
    const int across = factor(image.width(), width);
    const int down = factor(image.height(), height);
    if (across == 1 && down == 1) return image;
    extent.width /= across;
    extent.height /= down;
    return image.shrink(across, down, VImage::option()->set("ceil", true));
}

}  // namespace

Done reduce(Job& job) {
    const Size target = oriented(job.orientation, job.plan.scaled);
    const int width = static_cast<int>(target.width);
    const int height = static_cast<int>(target.height);
    const bool is_smaller = width <= job.image.width() && height <= job.image.height() &&
                            (width < job.image.width() || height < job.image.height());
    if (!is_smaller || !is_suited(job.image)) return {};
    Extent extent = extent_of(job);
    const VImage source = in_blocks(job.image, width, height, extent);
    const int bands = source.bands();
    const std::size_t size =
        static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * static_cast<std::size_t>(bands);
    std::unique_ptr<std::uint8_t, MemoryDeleter> pixels(static_cast<std::uint8_t*>(g_try_malloc(size)));
    if (!pixels) throw std::bad_alloc();
    LanczosRows rows(LanczosAxis(source.width(), width, extent.width),
                     LanczosAxis(source.height(), height, extent.height), bands);
    for_each_row(source, [&rows, to = pixels.get()](const VipsPel* row) mutable { to = rows.push(row, to); });
    const VImage reduced =
        VImage::new_from_memory_steal(pixels.release(), size, width, height, bands, VIPS_FORMAT_UCHAR);
    reduced.get_image()->Type = source.interpretation();
    copy_blob(source, reduced, VIPS_META_EXIF_NAME);  // what the steps behind this one look for
    job.image = reduced;
    return {};
}

}  // namespace thumbgate
