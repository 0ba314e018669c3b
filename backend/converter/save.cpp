#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "backend/converter/limited_target.hpp"
#include "backend/converter/steps.hpp"
#include "backend/converter/webp_chunks.hpp"

namespace thumbgate {
namespace {

using vips::VImage;
using vips::VTarget;

constexpr double kOpaque = 255;
constexpr int kPngCompression = 4;  // of 9
constexpr int kLowestQuality = 10;  // that max_bytes is worth

struct BlobDeleter {
    void operator()(VipsBlob* blob) const { vips_area_unref(VIPS_AREA(blob)); }
};

// In the order of Format: largest side in pixels (the encoder's own bound), and imgproxy's default qualities.
struct FormatRule {
    int largest_side;
    int quality;
};
constexpr std::array<FormatRule, 4> kRules{{{65500, 80}, {1'000'000, 0}, {16383, 79}, {16384, 63}}};

const FormatRule& rule(Format format) {
    return kRules.at(static_cast<std::size_t>(format));
}

bool fits(const VImage& image, Format format) {
    return std::max(image.width(), image.height()) <= rule(format).largest_side;
}

int asked_quality(const Job& job) {
    if (job.request.quality != 0) return static_cast<int>(job.request.quality);
    const std::uint8_t of_format = job.request.format_quality.at(static_cast<std::size_t>(job.format));
    return of_format != 0 ? of_format : rule(job.format).quality;
}

// AV1 takes seconds where it may. What is spent is bounded by the size: about 100 ms on one core for a thumbnail, and
// 60 ms a megapixel for what is large, where the fastest mode costs but four bytes in a hundred.
int avif_effort(const VImage& image) {
    const std::int64_t pixels = std::int64_t{image.width()} * image.height();
    if (pixels <= 300'000) return 3;
    return pixels <= 700'000 ? 2 : 0;
}

// Not progressive: below 1280 pixels it saves nothing, and takes twice the time here and in the browser. Huffman
// tables made for the picture save five bytes in a hundred.
void save_jpeg(const Job& job, const VTarget& target) {
    job.image.jpegsave_target(
        target, VImage::option()->set("strip", true)->set("Q", job.quality)->set("optimize_coding", true));
}

// Filters save more than compression does, for less time.
void save_png(const Job& job, const VTarget& target) {
    job.image.pngsave_target(target, VImage::option()
                                         ->set("strip", true)
                                         ->set("compression", kPngCompression)
                                         ->set("filter", VIPS_FOREIGN_PNG_FILTER_ALL));
}

void save_webp(const Job& job, LimitedTarget& target) {
    const std::unique_ptr<VipsBlob, BlobDeleter> blob(
        job.image.webpsave_buffer(VImage::option()->set("strip", true)->set("Q", job.quality)));
    std::size_t size = 0;
    const void* data = vips_blob_get(blob.get(), &size);
    const auto webp = without_metadata({static_cast<const char*>(data), size});
    if (!webp || !target.write_all(*webp)) throw vips::VError("webp: not written");
}

void save_avif(const Job& job, const VTarget& target) {
    job.image.heifsave_target(target, VImage::option()
                                          ->set("strip", true)
                                          ->set("Q", job.quality)
                                          ->set("compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1)
                                          ->set("effort", avif_effort(job.image)));
}

void save(const Job& job, LimitedTarget& target) {
    switch (job.format) {
        case Format::jpeg:
            return save_jpeg(job, target.get());
        case Format::png:
            return save_png(job, target.get());
        case Format::webp:
            return save_webp(job, target);
        case Format::avif:
            return save_avif(job, target.get());
    }
}

Done encode_once(Job& job) {
    LimitedTarget target(job.output, job.request.max_output_bytes);
    try {
        save(job, target);
    } catch (const vips::VError&) {
        if (!target.overflowed()) throw;
        return std::unexpected(Failure{Outcome::too_large, "more bytes than max_output_bytes"});
    }
    job.output_bytes = target.written();
    return {};
}

// The best quality with which the result has no more than max_bytes, else the lowest: by halving, in seven encodes or
// so.
Done lower_quality(Job& job) {
    job.image = job.image.copy_memory();
    int fits_in = std::min(kLowestQuality, job.quality);
    int too_large = job.quality;
    while (too_large - fits_in > 1) {
        job.quality = (fits_in + too_large) / 2;
        if (auto done = encode_once(job); !done) return done;
        (job.output_bytes <= job.request.max_bytes ? fits_in : too_large) = job.quality;
    }
    if (job.quality == fits_in) return {};
    job.quality = fits_in;
    return encode_once(job);
}

}  // namespace

Done drop_opaque_alpha(Job& job) {
    job.has_alpha = job.image.has_alpha();
    if (!job.has_alpha) return {};
    job.image = job.image.copy_memory();
    const int colours = job.image.bands() - 1;
    job.has_alpha = job.image.extract_band(colours).min() < kOpaque;
    if (!job.has_alpha) job.image = job.image.extract_band(0, VImage::option()->set("n", colours));
    return {};
}

Done choose_format(Job& job) {
    if (job.request.format_is_named) {
        job.format = job.request.format;
        if (fits(job.image, job.format)) return {};
        return std::unexpected(Failure{Outcome::result_side_too_long, "more than the format holds"});
    }
    for (const Format format : {Format::avif, Format::webp}) {
        if (job.request.accepted.has(format) && fits(job.image, format)) return job.format = format, Done{};
    }
    job.format = job.has_alpha || !fits(job.image, Format::jpeg) ? Format::png : Format::jpeg;
    return {};
}

Done flatten(Job& job) {
    if (job.format != Format::jpeg || !job.has_alpha) return {};
    job.image = job.image.flatten(VImage::option()->set("background", std::vector<double>{kOpaque}));
    job.has_alpha = false;
    return {};
}

Done strip(Job& job) {
    job.image = job.image.copy();  // the fields of a shared image may not be changed
    char** fields = vips_image_get_fields(job.image.get_image());
    for (char** field = fields; *field != nullptr; ++field) job.image.remove(*field);
    g_strfreev(fields);
    return {};
}

Done encode(Job& job) {
    job.quality = asked_quality(job);
    if (auto done = encode_once(job); !done) return done;
    const bool gives_up_quality = job.format == Format::jpeg || job.format == Format::webp;
    const bool fits_in = job.request.max_bytes == 0 || job.output_bytes <= job.request.max_bytes;
    return fits_in || !gives_up_quality ? Done{} : lower_quality(job);
}

}  // namespace thumbgate
