// The broker's side of conversion: bounded queues in front of a fixed number of converter processes, each of which
// has one job at a time. A converter that dies or overruns costs its own job alone and is replaced. Who is admitted and
// in which order is scheduler.hpp's.
// Not thread-safe: everything runs on the executor it was made with.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "backend/conversion/watermark.hpp"
#include "backend/converter/protocol.hpp"
#include "backend/converter/sandbox/layers.hpp"
#include "backend/converter/zygote_protocol.hpp"
#include "backend/deadline.hpp"
#include "backend/error.hpp"
#include "backend/unique_fd.hpp"
#include "contract/canonical.hpp"

namespace thumbgate {

struct PoolConfig {
    std::filesystem::path program;  // thumbgate-converter
    unsigned converters = 2;        // processes for what is done soon
    // Processes for AVIF and background work, of a lower priority. 0: the others do that as well.
    unsigned slow_converters = 1;
    unsigned svg_converters = 1;                      // processes for SVG, from the first one on; 0: it is refused
    ConverterKind kind = ConverterKind::raster;       // of one engine of a pool
    std::size_t max_queue = 256;                      // jobs of a lane that wait; one more is refused with 503
    std::chrono::milliseconds job_timeout{7000};      // a job that takes longer is killed with its converter
    std::chrono::milliseconds queue_timeout{10'000};  // a job that waits longer is refused with 503
    std::chrono::milliseconds overload_wait{1000};    // under overload a job that would wait longer is refused
    std::uint64_t max_pixels = 100'000'000;           // of a source over all its frames, and of a result
    std::uint64_t max_animation_pixels = 5'000'000;   // of a result over all its frames; beyond, it is a still
    std::uint32_t max_side = 65'535;                  // pixels of a source's longer side
    std::uint32_t max_frames = 1000;                  // of a source; pages are frames
    std::uint32_t max_scans = 100;                    // of a JPEG
    std::uint64_t max_metadata_bytes = 4 << 20;       // of a source; see converter/survey.hpp
    std::uint64_t max_output_bytes = 32 << 20;
    unsigned jobs_per_converter = 1000;                 // then it is replaced by a fresh one
    std::uint64_t converter_retire_memory = 512 << 20;  // bytes; the same for one that ever held as much
    std::uint64_t converter_memory = 2ULL << 30;  // bytes of address space of one; a picture that needs more fails
    std::shared_ptr<const WatermarkPicture> watermark;  // null: no link can ask for one
};

struct Picture {
    std::string bytes;
    Format format;
    std::uint32_t width;
    std::uint32_t height;
};

struct PictureFacts {
    SourceFormat format;
    std::uint32_t width;  // orientation applied
    std::uint32_t height;
    bool has_alpha;
    std::uint32_t frames;      // pages are frames
    std::uint8_t orientation;  // EXIF's number, 1 to 8
    Colour dominant_colour;    // of the first frame, sRGB
    ThumbHash thumbhash;       // of the first frame, upright
};

// What a job is part of, and so what it has to make room for.
enum class Lane : std::uint8_t {
    interactive,  // somebody looks at an empty place on a page
    upload,       // somebody waits for an upload to be accepted
    background,   // nobody waits
    check,        // whether converting works at all is asked: one small picture
};

// The converters that a job may run on: a slow one never waits in front of a fast one.
enum class Group : std::uint8_t {
    fast,
    slow,  // AVIF, and what nobody waits for
    svg,   // whatever is made of SVG, on converters of an engine of their own
};

// What a picture did to the converter that worked at it.
enum class Offence : std::uint8_t {
    broke_one,  // and was not tried again
    broke_two,
    overran,
};

// How a job is treated beside the jobs of others.
struct JobTerms {
    Lane lane = Lane::interactive;
    Deadline deadline = Deadline::max();  // its caller's; the pool's own limits count as well
    std::string client = {};              // whose it is: converters are shared out fairly between clients
    std::string digest = {};              // SHA-256 of the source in hex: what it is known by if it breaks converters
    std::uint64_t source_bytes = 0;       // of the source, by which its time is estimated
    bool is_svg = false;                  // the source, by its first bytes: it takes another kind of converter
    // Told on the pool's executor what is no part of the answer: the caller was gone, or told that it takes too long.
    std::function<void(Offence)> on_unheard_offence = {};
};

// Codes of the errors that are the picture's doing.
inline constexpr std::string_view kCrashed = "crash";     // it broke two converters
inline constexpr std::string_view kTimedOut = "timeout";  // its converter was killed after job_timeout

std::string_view name(Lane lane);    // "interactive"
std::string_view name(Group group);  // "fast"

// What the pool reports as it works, for metrics. Called on the pool's executor.
class PoolObserver {
  public:
    virtual ~PoolObserver() = default;
    virtual void on_queued(Lane lane, std::size_t waiting) = 0;
    virtual void on_queue_wait(Lane lane, std::chrono::duration<double> waited) = 0;
    virtual void on_busy(Group group, std::size_t busy_converters) = 0;
    // `reason`: "queue_full", "would_be_late", "overload" or "deadline_passed" at once, "queue_timeout" after a wait.
    virtual void on_refused(std::string_view reason) = 0;
    // `format`: of the result, "inspect" for an inspection. `result`: "ok", an outcome's name, "timeout" or "crash".
    virtual void on_job(std::string_view format, std::string_view result, std::chrono::duration<double> took) = 0;
    // What converters have given up: at the start, and again when a later one has given up something else.
    virtual void on_sandbox(ConverterKind kind, SandboxLayers layers) = 0;
    // `reason`: one of a few words, see reason(ConverterEnd) and Engine::look_into. `detail`: for the log.
    virtual void on_converter_replaced(std::string_view reason, std::string_view detail) = 0;
};

class ConverterPool {
  public:
    // Starts the zygote and the converters. The error says what could not be started.
    static Result<std::unique_ptr<ConverterPool>> start(const boost::asio::any_io_executor& executor,
                                                        const PoolConfig& config, PoolObserver& observer);
    virtual ~ConverterPool() = default;

    // A job whose converter is lost is tried once more on a fresh one, since that may not be its fault. It is called
    // the picture's fault (crash) when both broke by what they did, and not (failed) when one was killed from outside.
    // Errors: 400 watermark_not_configured or watermark_not_png, 415 unsupported or no_codec, 422 corrupt / crash /
    // timeout / the name of the Outcome that says which limit is exceeded, 500 failed; 503 at once with queue_full /
    // would_be_late / overload / deadline_passed, or queue_timeout after it has waited too long, or late where it runs
    // at its deadline (and runs on: it is killed at job_timeout alone), or starved where a slow converter overran
    // because it got too little processor time.
    virtual boost::asio::awaitable<Result<Picture>> convert(UniqueFd source, Conversion conversion, JobTerms terms) = 0;
    virtual boost::asio::awaitable<Result<PictureFacts>> inspect(UniqueFd source, JobTerms terms) = 0;

    // Ends every converter and the zygote; waiting jobs are refused with 503. Idempotent.
    virtual void stop() = 0;
};

}  // namespace thumbgate
