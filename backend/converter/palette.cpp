#include "backend/converter/palette.hpp"

#include <cstdint>
#include <cstring>
#include <memory>
#include <unordered_set>

namespace thumbgate {
namespace {

using vips::VImage;

constexpr int kMostColours = 256;
constexpr int kLeastBands = 3;  // fewer are shades of grey
constexpr std::size_t kMostBands = 4;

struct AreaDeleter {
    void operator()(VipsBlob* blob) const { vips_area_unref(VIPS_AREA(blob)); }
};

// Up to one more than kMostColours. What is fully transparent has one colour.
int colours_in(const VImage& image) {
    const auto bands = static_cast<std::size_t>(image.bands());
    const auto* pixel = static_cast<const std::uint8_t*>(image.data());
    const auto* end = pixel + VIPS_IMAGE_SIZEOF_IMAGE(image.get_image());
    std::unordered_set<std::uint32_t> colours;
    std::uint32_t last = 0;
    for (bool is_first = true; pixel != end && colours.size() <= kMostColours; pixel += bands, is_first = false) {
        std::uint32_t colour = 0;
        if (bands < kMostBands || pixel[bands - 1] != 0) std::memcpy(&colour, pixel, bands);
        if (is_first || colour != last) colours.insert(colour);
        last = colour;
    }
    return static_cast<int>(colours.size());
}

int bits_for(int colours) {
    if (colours <= 2) return 1;
    if (colours <= 4) return 2;
    return colours <= 16 ? 4 : 8;
}

// By what can be seen of them.
bool are_same(const VImage& one, const VImage& other) {
    const auto seen = [](const VImage& image) { return image.has_alpha() ? image.premultiply() : image; };
    if (one.bands() != other.bands()) return false;
    return (seen(one) - seen(other)).abs().max() == 0;
}

}  // namespace

std::string png_with_palette(const VImage& image) {
    if (image.format() != VIPS_FORMAT_UCHAR || image.bands() < kLeastBands) return {};
    const VImage pixels = image.copy_memory();
    const int colours = colours_in(pixels);
    if (colours > kMostColours) return {};
    const std::unique_ptr<VipsBlob, AreaDeleter> blob(pixels.pngsave_buffer(VImage::option()
                                                                                ->set("strip", true)
                                                                                ->set("palette", true)
                                                                                ->set("bitdepth", bits_for(colours))
                                                                                ->set("Q", 100)
                                                                                ->set("dither", 0.0)
                                                                                ->set("compression", 9)));
    std::size_t size = 0;
    const void* data = vips_blob_get(blob.get(), &size);
    // The palette is found by a quantiser, which gives no promise.
    const VImage again = VImage::pngload_buffer(blob.get());
    if (!are_same(pixels, again)) return {};
    return {static_cast<const char*>(data), size};
}

}  // namespace thumbgate
