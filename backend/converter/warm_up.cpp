#include <unistd.h>

#include <iterator>
#include <string_view>

#include "backend/converter/channel.hpp"
#include "backend/converter/limited_target.hpp"
#include "backend/converter/pipeline.hpp"

namespace thumbgate {
namespace {

constexpr int kSide = 64;                     // pixels
constexpr std::uint64_t kMaxBytes = 1 << 20;  // of either file

// A text, since fonts take longest.
constexpr std::string_view kDrawing =
    "<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'>"
    "<circle r='32'/><text y='32'>Text</text></svg>";

void write_picture(int descriptor) {
    LimitedTarget target(descriptor, kMaxBytes);
    vips::VImage::black(kSide, kSide, vips::VImage::option()->set("bands", 3))
        .copy(vips::VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB))
        .jpegsave_target(target.get());
}

}  // namespace

bool write_warm_up_source(ConverterKind kind, int source) noexcept {
    if (kind == ConverterKind::svg) return pwrite(source, kDrawing.data(), kDrawing.size(), 0) == ssize(kDrawing);
    try {
        write_picture(source);
        return true;
    } catch (const vips::VError&) {
        vips_error_clear();
        return false;
    }
}

void warm_up(JobRunner run, Format format, int source, int output) noexcept {
    auto request = blank_message<JobRequest>();
    request.kind = JobKind::convert;
    request.format_is_named = true;
    request.format = format;
    request.width = kSide / 2;
    request.max_pixels = kSide * kSide;
    request.max_side = kSide;
    request.max_frames = 1;
    request.max_scans = 1;
    request.max_metadata_bytes = kMaxBytes;
    request.max_output_bytes = kMaxBytes;
    run(request, {.source = source, .output = output});
}

}  // namespace thumbgate
