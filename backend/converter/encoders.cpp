#include "backend/converter/encoders.hpp"

#include <array>
#include <memory>

#include "backend/converter/libvips.hpp"
#include "backend/converter/palette.hpp"
#include "backend/converter/webp_chunks.hpp"

namespace thumbgate {
namespace {

using vips::VImage;
using vips::VOption;
using vips::VTarget;

constexpr int kPngCompression = 4;            // of 9
constexpr std::int64_t kThumbnail = 300'000;  // pixels

struct BlobDeleter {
    void operator()(VipsBlob* blob) const { vips_area_unref(VIPS_AREA(blob)); }
};
using Blob = std::unique_ptr<VipsBlob, BlobDeleter>;

std::string_view bytes_in(const Blob& blob) {
    std::size_t size = 0;
    const void* data = vips_blob_get(blob.get(), &size);
    return {static_cast<const char*>(data), size};
}

struct FormatRule {
    int largest_side;
    int quality;
    const char* operation;
};
// In the order of Format.
constexpr std::array<FormatRule, 6> kRules{{{65500, 80, "jpegsave_target"},
                                            {1'000'000, 0, "pngsave_target"},
                                            {16383, 79, "webpsave_buffer"},
                                            {16384, 63, "heifsave_target"},
                                            {65535, 0, "gifsave_target"},
                                            {1'000'000, 77, "jxlsave_target"}}};

const FormatRule& rule(Format format) {
    return kRules.at(static_cast<std::size_t>(format));
}

std::int64_t pixels_of(const VImage& image) {
    return std::int64_t{image.width()} * image.height();
}

VOption* options_of(const Job& job) {
    return VImage::option()->set("strip", job.copyright.empty());
}

// Not progressive: between 640 and 1920 pixels it saves nothing, and takes twice the time here and in the browser.
// Huffman tables made for the picture save five bytes in a hundred.
void save_jpeg(const Job& job, const VTarget& target) {
    job.image.jpegsave_target(target, options_of(job)->set("Q", job.quality)->set("optimize_coding", true));
}

// Filters save more than compression does, for less time. A palette of all its colours, where there are few, is the
// same picture in fewer bytes, but for the smallest ones.
void save_png(const Job& job, LimitedTarget& target) {
    VOption* options = options_of(job)->set("compression", kPngCompression);
    const std::string with_palette = job.copyright.empty() ? png_with_palette(job.image) : std::string();
    if (with_palette.empty()) {
        return job.image.pngsave_target(target.get(), options->set("filter", VIPS_FOREIGN_PNG_FILTER_ALL));
    }
    const Blob blob(job.image.pngsave_buffer(options->set("filter", VIPS_FOREIGN_PNG_FILTER_ALL)));
    const std::string_view plain = bytes_in(blob);
    const bool is_written = target.write_all(with_palette.size() < plain.size() ? with_palette : plain);
    if (!is_written) throw vips::VError("png: not written");
}

void save_webp(const Job& job, LimitedTarget& target) {
    const Blob blob(job.image.webpsave_buffer(options_of(job)->set("Q", job.quality)));
    const std::string_view written = bytes_in(blob);
    const auto webp = job.copyright.empty() ? without_metadata(written) : std::optional(std::string(written));
    if (!webp || !target.write_all(*webp)) throw vips::VError("webp: not written");
}

// AV1 takes seconds where it may. What is spent is bounded by the size: about 100 ms on one core for a thumbnail, and
// 60 ms a megapixel for what is large, where the fastest mode costs but four bytes in a hundred.
int avif_effort(const VImage& image) {
    if (pixels_of(image) <= kThumbnail) return 3;
    return pixels_of(image) <= 700'000 ? 2 : 0;
}

void save_avif(const Job& job, const VTarget& target) {
    job.image.heifsave_target(target, options_of(job)
                                          ->set("Q", job.quality)
                                          ->set("compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1)
                                          ->set("effort", avif_effort(job.image)));
}

// Finding colours takes most of the time: the best effort takes three times that of this one, for two bytes in a
// hundred. Those of a frame serve the next ones too, as long as they do.
void save_gif(const Job& job, const VTarget& target) {
    job.image.gifsave_target(target, options_of(job)->set("effort", job.frames > 1 ? 1 : 4));
}

void save_jxl(const Job& job, const VTarget& target) {
    job.image.jxlsave_target(
        target, options_of(job)->set("Q", job.quality)->set("effort", pixels_of(job.image) <= kThumbnail ? 5 : 3));
}

}  // namespace

int largest_side(Format format) {
    return rule(format).largest_side;
}

int default_quality(Format format) {
    return rule(format).quality;
}

bool can_encode(Format format) {
    return has_operation(rule(format).operation);
}

void encode_as(Format format, const Job& job, LimitedTarget& target) {
    switch (format) {
        case Format::jpeg:
            return save_jpeg(job, target.get());
        case Format::png:
            return save_png(job, target);
        case Format::webp:
            return save_webp(job, target);
        case Format::avif:
            return save_avif(job, target.get());
        case Format::gif:
            return save_gif(job, target.get());
        case Format::jxl:
            return save_jxl(job, target.get());
    }
}

}  // namespace thumbgate
