#include <algorithm>
#include <array>
#include <string_view>

#include "backend/conversion/formats.hpp"
#include "backend/converter/libvips.hpp"
#include "backend/converter/progressive_jpeg.hpp"
#include "backend/converter/steps.hpp"
#include "backend/converter/survey.hpp"

namespace thumbgate {
namespace {

using vips::VImage;
using vips::VOption;

constexpr std::uint64_t kLargestSide = 10'000'000;  // pixels; libvips' own bound, and geometry's
constexpr int kMostBands = 5;                       // CMYK and alpha
constexpr double kRoomForResize = 2;                // what WebP's scaling leaves for a kernel of better quality
constexpr int kLargestJpegShrink = 8;

// libjpeg does as much of a shrink as it can, as in sharp: by SSIM against a resize of every pixel the result is as
// good.
constexpr int kJpegShrinks[] = {8, 4, 2};

// libvips' operations, in the order of SourceFormat.
constexpr std::array kLoaders{"jpegload_source", "pngload_source", "webpload_source", "heifload_source",
                              "heifload_source", "gifload_source", "tiffload_source", "jxlload_source"};

const char* loader(SourceFormat format) {
    return kLoaders.at(static_cast<std::size_t>(format));
}

// What is read of a HEIF file's metadata. libvips up to 8.14 frees it with the loaded image, which does not outlive the
// decoding (libvips/libvips#3725).
VImage with_its_own_metadata(const VImage& loaded) {
    VImage image = loaded.copy();
    for (const char* field : {VIPS_META_EXIF_NAME, VIPS_META_ICC_NAME}) {
        if (loaded.get_typeof(field) == 0) continue;
        std::size_t size = 0;
        const void* bytes = loaded.get_blob(field, &size);
        vips_image_set_blob_copy(image.get_image(), field, bytes, size);
    }
    return image;
}

VImage load(Job& job, VOption* options) {
    VImage image;
    options->set("access", VIPS_ACCESS_SEQUENTIAL)->set("fail_on", VIPS_FAIL_ON_TRUNCATED);
    if (job.frames > 1) options->set("n", static_cast<int>(job.frames));
    VImage::call(loader(job.source_format), options->set("out", &image)->set("source", job.source));
    const bool is_heif = job.source_format == SourceFormat::avif || job.source_format == SourceFormat::heic;
    return is_heif ? with_its_own_metadata(image) : image;
}

std::unexpected<Failure> refuse(Outcome limit, std::uint64_t found) {
    return std::unexpected(Failure{limit, std::to_string(found) + " or more"});
}

std::uint64_t positive(int value) {
    return static_cast<std::uint64_t>(std::max(value, 0));
}

std::uint64_t pages_of(const VImage& image) {
    return positive(std::max(vips_image_get_n_pages(image.get_image()), 1));
}

int jpeg_shrink(double wanted) {
    for (const int factor : kJpegShrinks) {
        if (wanted >= factor) return factor;
    }
    return 1;
}

// Leaves out of a progressive JPEG what a decode at 1/8 does not look at. What is wrong there was found at the upload.
Done drop_unseen_scans(Job& job) {
    if (job.image.get_typeof("jpeg-multiscan") == 0) return {};
    std::size_t size = 0;
    const void* bytes = vips_source_map(job.source.get_source(), &size);
    if (bytes == nullptr) throw vips::VError();
    auto scans = for_eighth({static_cast<const char*>(bytes), size});
    if (!scans && scans.error() == NoEighth::unsuited) return {};
    if (!scans) return std::unexpected(Failure{Outcome::corrupt, "it ends before its end marker"});
    job.scans = std::move(*scans);
    job.source = vips::VSource::new_from_memory(job.scans.data(), job.scans.size());
    return {};
}

Done reload_jpeg(Job& job, int factor) {
    if (factor == kLargestJpegShrink) {
        if (auto dropped = drop_unseen_scans(job); !dropped) return dropped;
    }
    if (factor > 1) job.image = load(job, VImage::option()->set("shrink", factor));
    job.shrunk_on_load = factor;
    return {};
}

void reload_webp(Job& job, double shrink) {
    if (shrink > 1) job.image = load(job, VImage::option()->set("scale", 1 / shrink));
}

// No coarser than the largest of those that are expected needs it, along the shorter side: the longer one needs less.
int shrink_for_siblings(const Job& job) {
    return jpeg_shrink(static_cast<double>(std::min(job.source_size.width, job.source_size.height)) /
                       static_cast<double>(job.request.siblings_side));
}

// False: there is nothing of it that is fine enough.
bool take_shared(Job& job, int most) {
    const auto decoded = job.shared.find(job.image, most);
    if (!decoded) return false;
    job.image = decoded->image;
    job.shrunk_on_load = decoded->shrunk;
    return true;
}

Done decode_for_siblings(Job& job, int factor) {
    const bool is_jpeg = job.source_format == SourceFormat::jpeg;
    if (is_jpeg) {
        if (auto reloaded = reload_jpeg(job, std::min(factor, shrink_for_siblings(job))); !reloaded) return reloaded;
    }
    if (job.shared.keep(job.image, job.shrunk_on_load, is_jpeg ? kLargestJpegShrink : 1)) take_shared(job, factor);
    return {};
}

// Where sizes of it are expected they are made of the same decode.
Done shrink_jpeg_for_inspection(Job& job) {
    const int wanted = job.request.siblings_side == 0 ? kLargestJpegShrink : shrink_for_siblings(job);
    const bool is_shared = job.request.siblings_side != 0 && !job.shared.find(job.image, wanted);
    const int factor = is_shared ? wanted : kLargestJpegShrink;
    if (factor > 1) job.image = load(job, VImage::option()->set("shrink", factor));
    if (is_shared && job.shared.keep(job.image, factor, kLargestJpegShrink)) take_shared(job, kLargestJpegShrink);
    return {};
}

}  // namespace

Done identify(Job& job) {
    std::uint8_t* data = nullptr;
    const gint64 size = vips_source_sniff_at_most(job.source.get_source(), &data, kLongestHead);
    if (size <= 0) return std::unexpected(Failure{Outcome::unsupported, "it is empty"});
    const auto format = sniff({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
    if (!format) return std::unexpected(Failure{Outcome::unsupported, "unknown magic bytes"});
    job.source_format = *format;
    const bool is_svg = *format == SourceFormat::svg;
    if (is_svg != (job.kind == ConverterKind::svg)) {
        return std::unexpected(Failure{Outcome::no_codec, "not read by this kind of converter"});
    }
    if (!is_svg && !has_operation(loader(*format))) return std::unexpected(Failure{Outcome::no_codec, loader(*format)});
    return {};
}

Done look_through(Job& job) {
    const JobRequest& request = job.request;
    const Survey bounds{request.max_frames, request.max_scans, request.max_metadata_bytes, false};
    const Survey found = survey(job.files.source, job.source_format, bounds);
    if (found.frames > bounds.frames) return refuse(Outcome::too_many_frames, found.frames);
    if (found.scans > bounds.scans) return refuse(Outcome::too_many_scans, found.scans);
    if (found.metadata_bytes > bounds.metadata_bytes) return refuse(Outcome::too_much_metadata, found.metadata_bytes);
    if (found.is_cut_off) return std::unexpected(Failure{Outcome::corrupt, "it ends in the middle of a frame"});
    return {};
}

Done open(Job& job) {
    if (job.source_format == SourceFormat::svg) return open_drawing(job);
    job.image = load(job, VImage::option());
    job.exif_orientation = vips_image_get_orientation(job.image.get_image());
    job.orientation = orientation_of(job.request, job.exif_orientation);
    job.source_size = oriented(job.orientation, {positive(job.image.width()), positive(job.image.height())});
    return {};
}

Done check_size(Job& job) {
    const auto [width, height] = job.source_size;
    const std::uint64_t pages = job.pages = pages_of(job.image);
    const std::string detail = std::to_string(width) + " x " + std::to_string(height) + " x " + std::to_string(pages);
    const auto exceeds = [&](Outcome limit) { return std::unexpected(Failure{limit, detail}); };
    if (std::max(width, height) > std::min<std::uint64_t>(job.request.max_side, kLargestSide)) {
        return exceeds(Outcome::side_too_long);
    }
    if (pages > job.request.max_frames) return exceeds(Outcome::too_many_frames);
    // By division: the product of three hostile numbers may not fit.
    if (width * height > job.request.max_pixels / pages) return exceeds(Outcome::too_many_pixels);
    if (job.image.bands() <= kMostBands) return {};
    return std::unexpected(Failure{Outcome::unsupported, std::to_string(job.image.bands()) + " bands"});
}

Done load_frames(Job& job, std::uint64_t frames) {
    job.frames = frames;
    job.image = load(job, VImage::option());
    job.strip = job.image;
    if (job.image.get_typeof("delay") != 0) job.delays = job.image.get_array_int("delay");
    if (job.image.get_typeof("loop") != 0) job.loop = job.image.get_int("loop");
    const Size frame = oriented(job.orientation, job.source_size);
    if (positive(job.image.height()) == frame.height * frames) return {};
    return std::unexpected(Failure{Outcome::corrupt, "frames of other sizes"});
}

Done plan_result(Job& job) {
    Look look = job.request;
    // A drawing has as many pixels as are wanted.
    if (job.drawing) look.enlarge = true;
    job.plan = make_plan(look, job.source_size);
    // A long picture that fills an enlarged box would be scaled to any size, for a small part of it.
    for (const auto& [width, height] : {job.plan.scaled, job.plan.canvas}) {
        if (width <= kLargestSide && height <= kLargestSide && width * height <= job.request.max_pixels) continue;
        std::string detail = std::to_string(width) + " x " + std::to_string(height);
        return std::unexpected(Failure{Outcome::result_too_many_pixels, std::move(detail)});
    }
    return {};
}

Done shrink_on_load(Job& job) {
    if (job.drawing) return draw(job);
    // The parts of frames that change have places of their own, which scaling would round.
    if (job.frames > 1) return {};
    if (job.is_decoded) return {};
    const auto shrink = [](std::uint64_t from, std::uint64_t to) {
        return static_cast<double>(from) / static_cast<double>(to);
    };
    const double common = std::min(shrink(job.plan.used.size.width, job.plan.scaled.width),
                                   shrink(job.plan.used.size.height, job.plan.scaled.height));
    const bool is_jpeg = job.source_format == SourceFormat::jpeg;
    const int factor = is_jpeg ? jpeg_shrink(common) : 1;
    if (take_shared(job, factor)) return {};
    if (job.request.siblings_side != 0) return decode_for_siblings(job, factor);
    if (job.source_format == SourceFormat::webp) reload_webp(job, common / kRoomForResize);
    return is_jpeg ? reload_jpeg(job, factor) : Done{};
}

// On pixels that the decoder may have shrunk: then to the nearest one, which is less than one of the result.
Done take_used_area(Job& job) {
    if (job.plan.used.size == job.source_size) return {};
    const Size stored = oriented(job.orientation, job.source_size);
    const Area area = stored_area(job.orientation, job.plan.used, stored);
    const auto along = [](std::uint64_t pixels, int now, std::uint64_t whole) {
        return static_cast<int>((2 * pixels * positive(now) + whole) / (2 * whole));
    };
    const int width = std::max(along(area.size.width, job.image.width(), stored.width), 1);
    const int height = std::max(along(area.size.height, job.image.height(), stored.height), 1);
    const int left = std::min(along(area.left, job.image.width(), stored.width), job.image.width() - width);
    const int top = std::min(along(area.top, job.image.height(), stored.height), job.image.height() - height);
    job.image = job.image.extract_area(left, top, width, height);
    return {};
}

Done shrink_for_inspection(Job& job) {
    if (job.drawing) return draw_for_inspection(job);
    if (job.frames > 1) return {};
    if (std::min(job.source_size.width, job.source_size.height) < kLargestJpegShrink) return {};
    if (job.source_format == SourceFormat::jpeg) return shrink_jpeg_for_inspection(job);
    if (job.source_format == SourceFormat::webp) reload_webp(job, kLargestJpegShrink);
    return {};
}

}  // namespace thumbgate
