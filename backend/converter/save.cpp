#include <algorithm>
#include <vector>

#include "backend/converter/encoders.hpp"
#include "backend/converter/limited_target.hpp"
#include "backend/converter/steps.hpp"

namespace thumbgate {
namespace {

using vips::VImage;

constexpr double kOpaque = 255;
constexpr int kLowestQuality = 10;  // that max_bytes is worth

bool fits(const VImage& image, Format format) {
    return std::max(image.width(), image.height()) <= largest_side(format);
}

int asked_quality(const Job& job) {
    if (job.request.quality != 0) return static_cast<int>(job.request.quality);
    const std::uint8_t of_format = job.request.format_quality.at(static_cast<std::size_t>(job.format));
    return of_format != 0 ? of_format : default_quality(job.format);
}

Done encode_once(Job& job) {
    LimitedTarget target(job.files.output, job.request.max_output_bytes);
    try {
        encode_as(job.format, job, target);
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
    if (job.frames > 1) return job.format = job.moving_format, Done{};
    if (job.request.format_is_named) {
        job.format = job.request.format;
        if (!can_encode(job.format)) return std::unexpected(Failure{Outcome::no_codec, "no such encoder"});
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
    if (job.frames > 1) describe_animation(job);
    return {};
}

Done encode(Job& job) {
    job.quality = asked_quality(job);
    if (auto done = encode_once(job); !done) return done;
    // An animation is encoded once: it may take seconds.
    const bool gives_up_quality = job.format == Format::jpeg || (job.format == Format::webp && job.frames == 1);
    const bool fits_in = job.request.max_bytes == 0 || job.output_bytes <= job.request.max_bytes;
    return fits_in || !gives_up_quality ? Done{} : lower_quality(job);
}

}  // namespace thumbgate
