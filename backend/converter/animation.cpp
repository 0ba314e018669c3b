// Pictures that move. libvips loads all frames as one tall picture; each is taken out of it and goes through the steps
// of a frame by itself, as a still would, and the results are joined to a tall picture again. So every option means for
// each frame what it means for a still.
#include <algorithm>
#include <utility>

#include "backend/converter/encoders.hpp"
#include "backend/converter/steps.hpp"

namespace thumbgate {
namespace {

using vips::VImage;
using vips::VOption;

bool has_frames(const Job& job) {
    const bool may_move = job.source_format == SourceFormat::gif || job.source_format == SourceFormat::webp;
    return may_move && vips_image_get_n_pages(job.image.get_image()) > 1;
}

std::optional<Format> moving_format(const JobRequest& request) {
    Format format = request.accepted.has(Format::webp) ? Format::webp : Format::gif;
    if (request.format_is_named) format = request.format;
    const bool moves = format == Format::gif || format == Format::webp;
    return moves && can_encode(format) ? std::optional(format) : std::nullopt;
}

std::uint64_t frames_in(const VImage& image) {
    return static_cast<std::uint64_t>(vips_image_get_n_pages(image.get_image()));
}

}  // namespace

bool may_move(const Job& job) {
    return has_frames(job) && moving_format(job.request);
}

Done choose_frames(Job& job) {
    if (!may_move(job)) return {};
    const std::uint64_t frames = frames_in(job.image);
    const auto format = moving_format(job.request);
    const auto [width, height] = job.plan.canvas;
    // By division: plan_result() bounds the product of two of them alone.
    const bool has_time = width * height <= job.request.max_animation_pixels / frames;
    if (!has_time || std::max(width, height) > static_cast<std::uint64_t>(largest_side(*format))) return {};
    job.moving_format = *format;
    return load_frames(job, frames);
}

Done look_at_all_frames(Job& job) {
    return has_frames(job) ? load_frames(job, frames_in(job.image)) : Done{};
}

Done take_frame(Job& job) {
    if (job.frames == 1) return {};
    const int height = job.strip.height() / static_cast<int>(job.frames);
    job.image =
        job.strip.extract_area(0, static_cast<int>(job.done_frames.size()) * height, job.strip.width(), height).copy();
    // Else it would be taken for what it was.
    for (const char* field : {VIPS_META_PAGE_HEIGHT, VIPS_META_N_PAGES}) job.image.remove(field);
    return {};
}

Done keep_frame(Job& job) {
    if (job.frames > 1) job.done_frames.push_back(job.image.copy_memory());
    return {};
}

Done join_frames(Job& job) {
    if (job.frames == 1) return {};
    job.image = VImage::arrayjoin(job.done_frames, VImage::option()->set("across", 1)).copy_memory();
    job.done_frames.clear();
    job.strip = VImage();
    return {};
}

void describe_animation(Job& job) {
    job.image.set(VIPS_META_PAGE_HEIGHT, job.image.height() / static_cast<int>(job.frames));
    job.image.set(VIPS_META_N_PAGES, static_cast<int>(job.frames));
    if (!job.delays.empty()) job.image.set("delay", job.delays);
    job.image.set("loop", job.loop);
}

}  // namespace thumbgate
