// An image's rows, for code of our own. Not thread-safe.
#pragma once

#include <algorithm>
#include <memory>
#include <vips/vips8>

namespace thumbgate {

struct RegionDeleter {
    void operator()(VipsRegion* region) const { g_object_unref(region); }
};

// Calls `visit` with the first byte of every row, in order and once: what a decoder that reads its source from top to
// bottom can give. Throws vips::VError.
template <typename Visit>
void for_each_row(const vips::VImage& image, Visit visit) {
    constexpr int kStrip = 16;  // rows that libvips is asked for at once
    const std::unique_ptr<VipsRegion, RegionDeleter> region(vips_region_new(image.get_image()));
    for (int top = 0; top < image.height(); top += kStrip) {
        const VipsRect strip{0, top, image.width(), std::min(kStrip, image.height() - top)};
        if (vips_region_prepare(region.get(), &strip) != 0) throw vips::VError();
        for (int row = top; row < top + strip.height; ++row) visit(VIPS_REGION_ADDR(region.get(), 0, row));
    }
}

}  // namespace thumbgate
