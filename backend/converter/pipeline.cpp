#include "backend/converter/pipeline.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "backend/converter/channel.hpp"
#include "backend/converter/steps.hpp"

namespace thumbgate {
namespace {

using enum Outcome;

struct Step {
    std::string_view name;
    Done (*run)(Job&);
    Outcome when_libvips_fails;
};

constexpr Step kInspect[] = {
    {"identify", identify, failed},
    {"look through", look_through, failed},
    {"open", open, corrupt},
    {"check size", check_size, corrupt},
    {"look at all frames", look_at_all_frames, corrupt},
    {"shrink for inspection", shrink_for_inspection, corrupt},
    {"choose samples", choose_samples, unsupported},
    {"decode and take means", take_means, corrupt},
    {"choose colour space", choose_colour_space, unsupported},
    {"convert to sRGB", convert_to_srgb, unsupported},
    {"orient", orient, failed},
    {"describe means", describe_means, failed},
};

constexpr Step kPrepare[] = {
    {"identify", identify, failed},
    {"look through", look_through, failed},
    {"open", open, corrupt},
    {"check size", check_size, corrupt},
    {"trim", trim, corrupt},
    {"plan result", plan_result, failed},
    {"choose frames", choose_frames, corrupt},
    {"shrink on load", shrink_on_load, corrupt},
};

// The watermark by itself, as soon as the result is planned.
constexpr Step kConvertWatermark[] = {
    {"identify", identify, failed},
    {"look through", look_through, failed},
    {"open", open, failed},
    {"check size", check_size, failed},
    {"plan", plan_result, failed},
    {"shrink on load", shrink_on_load, failed},
    {"choose colour space", choose_colour_space, failed},
    {"premultiply", premultiply, failed},
    {"reduce", reduce, failed},
    {"resize", resize, failed},
    {"unpremultiply", unpremultiply, failed},
    {"convert to sRGB", convert_to_srgb, failed},
    {"decode", decode, failed},
    {"orient", orient, failed},
};

// Once, or once a frame.
constexpr Step kConvertFrame[] = {
    {"take frame", take_frame, corrupt},
    {"take used area", take_used_area, corrupt},
    {"choose colour space", choose_colour_space, unsupported},
    {"premultiply", premultiply, failed},
    {"reduce", reduce, corrupt},
    {"resize", resize, failed},
    {"unpremultiply", unpremultiply, failed},
    {"convert to sRGB", convert_to_srgb, unsupported},
    {"decode", decode, corrupt},
    {"orient", orient, failed},
    {"crop", crop, failed},
    {"blur and sharpen", blur_and_sharpen, failed},
    {"pixelate", pixelate, failed},
    {"extend", extend, failed},
    {"fill background", fill_background, failed},
    {"put watermark on", put_watermark_on, failed},
    {"keep frame", keep_frame, failed},
};

constexpr Step kFinish[] = {
    {"join frames", join_frames, failed},       {"drop opaque alpha", drop_opaque_alpha, failed},
    {"choose format", choose_format, failed},   {"flatten", flatten, failed},
    {"take copyright", take_copyright, failed}, {"strip", strip, failed},
    {"give copyright", give_copyright, failed}, {"encode", encode, failed},
};

// Failures that are told apart by libvips' words alone.
Outcome outcome_of(const Step& step, std::string_view message) {
    const auto says = [&](std::string_view words) { return message.find(words) != std::string_view::npos; };
    if (says("out of memory") || says("unable to allocate")) return too_much_memory;
    if (says("ecurity limit")) return side_too_long;  // libheif's
    if (says("heif: Unsupported") || says("Unsupported JPEG process")) return unsupported;
    return step.when_libvips_fails;
}

Failure failure_of(const Step& step, std::string_view message) {
    return {outcome_of(step, message), std::string(step.name) + ": " + std::string(message)};
}

Done run_step(const Step& step, Job& job) {
    try {
        Done done = step.run(job);
        if (!done) done.error().detail.insert(0, std::string(step.name) + ": ");
        return done;
    } catch (const vips::VError& error) {
        const Failure failure = failure_of(step, error.what());
        vips_error_clear();
        return std::unexpected(failure);
    } catch (const std::bad_alloc&) {
        return std::unexpected(Failure{too_much_memory, std::string(step.name)});
    } catch (const std::exception& error) {
        return std::unexpected(Failure{failed, std::string(step.name) + ": " + error.what()});
    }
}

Done run_steps(std::span<const Step> steps, Job& job) {
    for (const Step& step : steps) {
        if (auto done = run_step(step, job); !done) return done;
    }
    return {};
}

// What is wrong with it is not the picture's doing, but that it is to be too large is the link's.
Done convert_watermark(Job& job) {
    if (job.request.watermark.opacity == 0) return {};
    const JobRequest request = watermark_request(job);
    const JobFiles files{.source = job.files.watermark};
    SharedPixels nothing(-1);
    Job watermark{.request = request,
                  .kind = ConverterKind::raster,
                  .files = files,
                  .shared = nothing,
                  .source = vips::VSource::new_from_descriptor(files.source)};
    Done done = run_steps(kConvertWatermark, watermark);
    if (done) return take_watermark(job, watermark.image), done;
    Failure& failure = done.error();
    if (failure.outcome != result_too_many_pixels) failure.outcome = failed;
    failure.detail.insert(0, "watermark: ");
    return done;
}

Done convert(Job& job) {
    Done done = run_steps(kPrepare, job);
    if (done) done = convert_watermark(job);
    for (std::uint64_t frame = 0; done && frame < job.frames; ++frame) {
        done = run_steps(kConvertFrame, job);
    }
    return done ? run_steps(kFinish, job) : done;
}

void describe(const Job& job, JobReply& reply) {
    const bool converted = job.request.kind == JobKind::convert;
    const Size size = converted ? job.plan.canvas : job.source_size;
    reply.format = job.format;
    reply.source_format = job.source_format;
    reply.has_alpha = job.has_alpha;
    reply.width = static_cast<std::uint32_t>(size.width);
    reply.height = static_cast<std::uint32_t>(size.height);
    reply.output_bytes = job.output_bytes;
    reply.frames = static_cast<std::uint32_t>(job.pages);
    reply.orientation = static_cast<std::uint8_t>(job.exif_orientation);
    reply.dominant_colour = job.dominant_colour;
    reply.thumbhash = job.thumbhash;
}

void explain(const Failure& failure, JobReply& reply) {
    reply.outcome = failure.outcome;
    const std::size_t size = std::min(failure.detail.size(), reply.detail.size() - 1);
    std::copy_n(failure.detail.begin(), size, reply.detail.begin());
}

// Descriptors are shared with whoever opened them, and may have been read before.
Done rewind(const JobRequest& request, const JobFiles& files) {
    if (lseek(files.source, 0, SEEK_SET) != 0) return std::unexpected(Failure{failed, "source: no file"});
    const bool is_whole = request.watermark.opacity == 0 || lseek(files.watermark, 0, SEEK_SET) == 0;
    return is_whole ? Done{} : std::unexpected(Failure{failed, "watermark: no file"});
}

Done run(ConverterKind kind, const JobRequest& request, const JobFiles& files, JobReply& reply) {
    SharedPixels shared(files.pixels);
    Job job{.request = request,
            .kind = kind,
            .files = files,
            .shared = shared,
            .source = vips::VSource::new_from_descriptor(files.source)};
    const bool inspects = request.kind == JobKind::inspect;
    Done done = inspects ? run_steps(kInspect, job) : convert(job);
    if (done) describe(job, reply);
    return done;
}

JobReply run_job_of(ConverterKind kind, const JobRequest& request, const JobFiles& files) noexcept {
    auto reply = blank_message<JobReply>();
    reply.number = request.number;
    try {
        Done done = rewind(request, files);
        if (done) done = run(kind, request, files, reply);
        if (!done) explain(done.error(), reply);
    } catch (const std::exception& error) {
        explain({failed, error.what()}, reply);
    }
    vips_error_clear();
    return reply;
}

}  // namespace

JobReply run_job(const JobRequest& request, const JobFiles& files) noexcept {
    return run_job_of(ConverterKind::raster, request, files);
}

JobReply run_svg_job(const JobRequest& request, const JobFiles& files) noexcept {
    return run_job_of(ConverterKind::svg, request, files);
}

}  // namespace thumbgate
