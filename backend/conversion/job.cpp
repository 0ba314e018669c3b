#include "backend/conversion/job.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "backend/conversion/formats.hpp"
#include "backend/converter/channel.hpp"
#include "backend/units.hpp"

// Since Linux 6.3; an older kernel refuses it.
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace thumbgate {
namespace {

constexpr std::uint64_t kMegapixel = 1'000'000;
constexpr std::uint8_t kMostOrientation = 8;  // EXIF's

constexpr std::array<std::string_view, 15> kOutcomes{"ok",
                                                     "unsupported",
                                                     "no_codec",
                                                     "corrupt",
                                                     "no_size",
                                                     "too_many_pixels",
                                                     "side_too_long",
                                                     "too_many_frames",
                                                     "too_many_scans",
                                                     "too_much_metadata",
                                                     "too_much_memory",
                                                     "too_large",
                                                     "result_too_many_pixels",
                                                     "result_side_too_long",
                                                     "failed"};

JobRequest limits(const PoolConfig& config) {
    auto request = blank_message<JobRequest>();
    request.max_pixels = config.max_pixels;
    request.max_animation_pixels = config.max_animation_pixels;
    request.max_side = config.max_side;
    request.max_frames = config.max_frames;
    request.max_scans = config.max_scans;
    request.max_metadata_bytes = config.max_metadata_bytes;
    request.max_output_bytes = config.max_output_bytes;
    return request;
}

bool may_give(const JobRequest& request, Format format) {
    if (request.format_is_named) return format == request.format;
    const bool is_base = format == Format::jpeg || format == Format::png || format == Format::gif;
    return is_base || request.accepted.has(format);
}

bool is_plausible_inspection(const JobRequest& request, const JobReply& reply) {
    const bool has_frames = reply.frames >= 1 && reply.frames <= request.max_frames;
    const bool is_oriented = reply.orientation >= 1 && reply.orientation <= kMostOrientation;
    const bool has_hash = reply.thumbhash.size >= 1 && reply.thumbhash.size <= reply.thumbhash.bytes.size();
    return reply.output_bytes == 0 && std::max(reply.width, reply.height) <= request.max_side && has_frames &&
           is_oriented && has_hash;
}

bool is_plausible(const JobRequest& request, const JobReply& reply) {
    if (reply.outcome != Outcome::ok) return true;
    if (reply.width == 0 || reply.height == 0) return false;
    if (std::uint64_t{reply.width} * reply.height > request.max_pixels) return false;
    if (request.kind == JobKind::inspect) return is_plausible_inspection(request, reply);
    const bool has_bytes = reply.output_bytes > 0 && reply.output_bytes <= request.max_output_bytes;
    return has_bytes && may_give(request, reply.format);
}

// A converter's words, fit for one line of a log.
std::string printable(const JobReply& reply) {
    const auto end = std::ranges::find(reply.detail, '\0');
    std::string text(reply.detail.begin(), end);
    std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, ' ');
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

SourceFormat as_source(Format format) {
    switch (format) {
        case Format::jpeg:
            return SourceFormat::jpeg;
        case Format::png:
            return SourceFormat::png;
        case Format::webp:
            return SourceFormat::webp;
        case Format::avif:
            return SourceFormat::avif;
        case Format::gif:
            return SourceFormat::gif;
        case Format::jxl:
            return SourceFormat::jxl;
    }
    return SourceFormat::jpeg;
}

std::unexpected<Error> failed(std::string_view what) {
    return std::unexpected(failed_error(std::string(what) + ": " + std::generic_category().message(errno)));
}

std::string in_units(std::uint64_t value, std::uint64_t unit, std::string_view unit_name, std::string_view base_name) {
    const bool is_round = value % unit == 0;
    return std::to_string(is_round ? value / unit : value) + " " + std::string(is_round ? unit_name : base_name);
}

std::string in_megapixels(std::uint64_t pixels) {
    return in_units(pixels, kMegapixel, "megapixels", "pixels");
}

// A sentence that names the limit and its value.
std::string message_of(Outcome outcome, const PoolConfig& config) {
    switch (outcome) {
        case Outcome::unsupported:
            return "This is not a picture that can be read: it is none of " + std::string(kReadFormats) + ".";
        case Outcome::no_codec:
            return "The picture, or the format that is asked for, needs a codec that this server does not have.";
        case Outcome::corrupt:
            return "The picture is damaged or cut off.";
        case Outcome::no_size:
            return "The SVG has no size: give it a width and a height, or a viewBox.";
        case Outcome::too_many_pixels:
            return "The picture has more than " + in_megapixels(config.max_pixels) + ".";
        case Outcome::side_too_long:
            return "The picture has more than " + std::to_string(config.max_side) +
                   " pixels a side, or, as HEIC or AVIF, more than can be decoded (16384).";
        case Outcome::too_many_frames:
            return "The picture has more than " + std::to_string(config.max_frames) + " frames or pages.";
        case Outcome::too_many_scans:
            return "The picture is sent in more than " + std::to_string(config.max_scans) + " scans.";
        case Outcome::too_much_metadata:
            return "The picture has more than " + describe_size(config.max_metadata_bytes) + " of metadata.";
        case Outcome::too_much_memory:
            return "The picture needs more than the " + describe_size(config.converter_memory) +
                   " that a converter has.";
        case Outcome::too_large:
            return "The result would have more than " + describe_size(config.max_output_bytes) + ".";
        case Outcome::result_too_many_pixels:
            return "The result would have, or be scaled from, more than " + in_megapixels(config.max_pixels) + ".";
        case Outcome::result_side_too_long:
            return "The result would have more pixels a side than its format holds: 65500 in JPEG, 16383 in WebP, "
                   "16384 in AVIF, 65535 in GIF; 32767 where it is drawn from SVG.";
        case Outcome::ok:
        case Outcome::failed:
            break;
    }
    return {};
}

}  // namespace

JobRequest inspect_request(const PoolConfig& config) {
    JobRequest request = limits(config);
    request.kind = JobKind::inspect;
    return request;
}

JobRequest convert_request(const PoolConfig& config, const Conversion& conversion) {
    const Options& options = conversion.options;
    JobRequest request = limits(config);
    request.kind = JobKind::convert;
    static_cast<Look&>(request) = options;
    request.format_is_named = options.format.has_value();
    request.format = options.format.value_or(Format::jpeg);
    request.accepted = conversion.accepted;
    request.watermark_opacity = config.watermark ? config.watermark->opacity() : 0;
    return request;
}

bool send_job(int socket, const JobRequest& request, const JobFiles& files, int flags) {
    std::vector<int> descriptors;
    for (const int descriptor : {files.source, files.output, files.watermark, files.pixels}) {
        if (descriptor >= 0) descriptors.push_back(descriptor);
    }
    return send_message(socket, bytes_of(request), descriptors, flags);
}

std::string_view label(const JobRequest& request) {
    if (request.kind == JobKind::inspect) return "inspect";
    if (request.format_is_named) return name(request.format);
    for (const Format format : {Format::avif, Format::webp}) {
        if (request.accepted.has(format)) return name(format);
    }
    return name(Format::jpeg);
}

Group group_of(const JobRequest& request, Lane lane) {
    const bool is_slow = lane == Lane::background || label(request) == name(Format::avif);
    return is_slow ? Group::slow : Group::fast;
}

std::string_view name(Outcome outcome) {
    return kOutcomes.at(static_cast<std::size_t>(outcome));
}

std::optional<JobReply> check_reply(const JobRequest& request, std::span<const std::byte> bytes) {
    if (bytes.size() != sizeof(JobReply)) return std::nullopt;
    // A bool of another value than 0 or 1 must not even be read.
    if (std::to_integer<unsigned>(bytes[offsetof(JobReply, has_alpha)]) > 1) return std::nullopt;
    auto reply = blank_message<JobReply>();
    std::memcpy(&reply, bytes.data(), sizeof reply);
    const bool in_range = reply.number == request.number && reply.outcome <= Outcome::failed &&
                          reply.format <= Format::jxl && reply.source_format <= SourceFormat::svg;
    if (!in_range || !is_plausible(request, reply)) return std::nullopt;
    return reply;
}

Result<UniqueFd> make_output(std::uint64_t max_bytes) {
    constexpr const char* kName = "conversion result";
    constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    UniqueFd output(memfd_create(kName, kFlags | MFD_NOEXEC_SEAL));
    if (!output && errno == EINVAL) output.reset(memfd_create(kName, kFlags));
    if (!output) return failed("memfd_create");
    // Pages exist when they are written; the size is the bound.
    if (ftruncate(output.get(), static_cast<off_t>(max_bytes)) != 0) return failed("ftruncate");
    if (fcntl(output.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) return failed("F_ADD_SEALS");
    return output;
}

Result<Picture> read_output(const UniqueFd& output, const JobReply& reply) {
    struct stat facts{};
    if (fstat(output.get(), &facts) != 0) return failed("fstat");
    if (reply.output_bytes > static_cast<std::uint64_t>(facts.st_size)) {
        return std::unexpected(crash_error("a result of more bytes than its file"));
    }
    std::string bytes(reply.output_bytes, '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t now = pread(output.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) return failed("pread");
        done += static_cast<std::size_t>(now);
    }
    if (sniff(bytes) != as_source(reply.format)) {
        return std::unexpected(crash_error("a result that is not of the format it names"));
    }
    return Picture{std::move(bytes), reply.format, reply.width, reply.height};
}

Error error_of(const JobReply& reply, const PoolConfig& config) {
    if (reply.outcome == Outcome::ok || reply.outcome == Outcome::failed) return failed_error(printable(reply));
    const bool of_format = reply.outcome == Outcome::unsupported || reply.outcome == Outcome::no_codec;
    const int status = of_format ? 415 : 422;
    return {status, std::string(name(reply.outcome)), message_of(reply.outcome, config), printable(reply)};
}

Error timeout_error(const PoolConfig& config) {
    const auto limit = static_cast<std::uint64_t>(config.job_timeout.count());
    return {422, std::string(kTimedOut),
            "The picture took longer than " + in_units(limit, 1000, "s", "ms") + " to convert."};
}

Error crash_error(std::string detail) {
    return {422, std::string(kCrashed), "The picture makes the program that converts it fail.", std::move(detail)};
}

Error failed_error(std::string detail) {
    return {500, std::string(name(Outcome::failed)), "The picture could not be converted.", std::move(detail)};
}

}  // namespace thumbgate
