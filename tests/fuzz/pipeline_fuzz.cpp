// Pictures, in the converter's own entry: whatever they do ends as an outcome, and what is written is what is reported.
// libvips and the decoders are Debian's, without instrumentation: the fuzzer sees the branches of our sources alone,
// while AddressSanitizer's allocator watches everybody's memory.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "backend/conversion/formats.hpp"
#include "backend/conversion/job.hpp"
#include "backend/converter/channel.hpp"
#include "backend/converter/libvips.hpp"
#include "backend/converter/pipeline.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace thumbgate;

namespace {

constexpr std::size_t kChoices = 6;  // bytes at the end, so that a seed is a plain picture

PoolConfig small_limits() {
    PoolConfig config;
    config.max_pixels = 300'000;
    config.max_side = 3000;
    config.max_frames = 20;
    config.max_scans = 20;
    config.max_metadata_bytes = 256 << 10;
    config.max_output_bytes = 256 << 10;
    return config;
}

JobRequest chosen_request(std::string_view choices) {
    const auto choice = [&](std::size_t at) { return static_cast<unsigned char>(choices[at]); };
    Conversion conversion;
    Options& options = conversion.options;
    options.width = choice(0);
    options.height = choice(1);
    options.resizing_type = static_cast<ResizingType>(choice(2) % 3);
    options.gravity = static_cast<Gravity>(choice(2) / 3 % 10);
    options.enlarge = choice(3) % 2 == 1;
    options.keep_copyright = choice(3) / 2 % 2 == 1;
    options.trims = choice(3) / 4 % 2 == 1;
    options.trims_equally_across = choice(3) / 8 % 2 == 1;
    options.trim_threshold = choice(3) / 16 * kDprUnit;
    options.quality = choice(4) % 101;
    // The picture on itself: a watermark is read as a source is.
    options.watermark.opacity = choice(4) > 200 ? kDprUnit / 2 : 0;
    options.watermark.is_tiled = choice(4) % 2 == 1;
    options.watermark.scale = choice(4) % 3 * kPlaceUnit / 4;
    options.watermark.place.x = (choice(4) - 220) * kPlaceUnit / 2;
    // AVIF takes long, and its encoder is no affair of the picture's.
    constexpr std::array kFormats{Format::jpeg, Format::png, Format::webp, Format::gif};
    options.format = kFormats.at(choice(5) % kFormats.size());
    JobRequest request = convert_request(small_limits(), conversion);
    request.watermark_opacity = kDprUnit;
    return request;
}

UniqueFd file_of(std::string_view bytes) {
    UniqueFd file(memfd_create("fuzz", MFD_CLOEXEC));
    expect(write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    return file;
}

void check(JobRunner run, const JobRequest& request, const JobFiles& files) {
    const JobReply reply = run(request, files);
    expect(check_reply(request, bytes_of(reply)).has_value());
    if (reply.outcome != Outcome::ok) return;
    if (request.kind == JobKind::inspect) return;
    expect(lseek(files.output, 0, SEEK_END) >= static_cast<off_t>(reply.output_bytes));
    const auto picture = read_output(UniqueFd(dup(files.output)), reply);
    expect(picture.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool kStarted = start_libvips().has_value();
    expect(kStarted);
    const std::string_view text = text_of(data, size);
    if (text.size() < kChoices) return 0;
    const JobRunner run = sniff(text) == SourceFormat::svg ? run_svg_job : run_job;
    const UniqueFd source = file_of(text);
    const UniqueFd watermark = file_of(text);
    const UniqueFd output = file_of("");
    check(run, inspect_request(small_limits()), {.source = source.get()});
    check(run, chosen_request(text.substr(text.size() - kChoices)), {source.get(), output.get(), watermark.get()});
    return 0;
}
