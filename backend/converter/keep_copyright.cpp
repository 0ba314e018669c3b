#include <array>
#include <memory>
#include <string>

#include "backend/converter/copyright.hpp"
#include "backend/converter/steps.hpp"

namespace thumbgate {
namespace {

using vips::VImage;

constexpr std::array<const char*, 2> kFields{"exif-ifd0-Artist", "exif-ifd0-Copyright"};

struct BlobDeleter {
    void operator()(VipsBlob* blob) const { vips_area_unref(VIPS_AREA(blob)); }
};
using BlobPtr = std::unique_ptr<VipsBlob, BlobDeleter>;

BlobPtr blob_of(std::string_view bytes) {
    return BlobPtr(vips_blob_copy(bytes.data(), bytes.size()));
}

// A block of EXIF in a picture of one pixel, read by libvips.
VImage read_back(const std::string& exif) {
    const BlobPtr pixel(VImage::black(1, 1).jpegsave_buffer(VImage::option()->set("strip", true)));
    std::size_t size = 0;
    const void* bytes = vips_blob_get(pixel.get(), &size);
    std::string jpeg(static_cast<const char*>(bytes), size);
    const std::size_t length = exif.size() + 2;  // with itself; see copyright.hpp for how much that can be
    const std::string marker{'\xFF', '\xE1', static_cast<char>(length >> 8U), static_cast<char>(length & UINT8_MAX)};
    jpeg.insert(2, marker + exif);
    return VImage::jpegload_buffer(blob_of(jpeg).get()).copy_memory();
}

}  // namespace

Done take_copyright(Job& job) {
    if (!job.request.keep_copyright || job.image.get_typeof(VIPS_META_EXIF_NAME) == 0) return {};
    std::size_t size = 0;
    const void* bytes = job.image.get_blob(VIPS_META_EXIF_NAME, &size);
    job.copyright = copyright_alone({static_cast<const char*>(bytes), size});
    return {};
}

// libvips writes a tag as it was only where block and field agree: the field has to be of libvips' own making.
Done give_copyright(Job& job) {
    if (job.copyright.empty()) return {};
    const VImage read = read_back(job.copyright);
    for (const char* field : kFields) {
        if (read.get_typeof(field) != 0) job.image.set(field, read.get_string(field));
    }
    vips_image_set_blob_copy(job.image.get_image(), VIPS_META_EXIF_NAME, job.copyright.data(), job.copyright.size());
    return {};
}

}  // namespace thumbgate
