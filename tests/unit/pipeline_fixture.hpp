// Conversions by a real converter, behind its sandbox: as a request, or as a link asks for them.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "backend/conversion/job.hpp"
#include "contract/canonical.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/converter.hpp"
#include "tests/support/image.hpp"
#include "tests/support/programs.hpp"

namespace thumbgate::test {

struct Converted {
    JobReply reply;
    std::string bytes;
};

// Jobs in a converter of the test case's own.
class ConverterFixture {
  public:
    explicit ConverterFixture(ConverterKind kind = ConverterKind::raster)
        : converter(built("thumbgate-converter"), kind) {}

    Converted run_request(JobRequest request, const std::filesystem::path& source) {
        const thumbgate::UniqueFd in(open(source.c_str(), O_RDONLY | O_CLOEXEC));
        const thumbgate::UniqueFd out(memfd_create("result", MFD_CLOEXEC));
        const bool is_marked = request.watermark.opacity != 0;
        const thumbgate::UniqueFd mark(is_marked ? open(watermark.c_str(), O_RDONLY | O_CLOEXEC) : -1);
        REQUIRE(in);
        request.shares_pixels = shared_pixels >= 0;
        const bool has_output = request.kind == JobKind::convert;
        const JobReply reply =
            converter.run(request, {in.get(), has_output ? out.get() : -1, mark.get(), shared_pixels});
        std::string bytes(reply.output_bytes, '\0');
        REQUIRE(pread(out.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
        return {reply, std::move(bytes)};
    }

    // `options`: as in a link, "w:300/q:80". The client accepts no format but the base ones.
    Converted convert_link(const std::filesystem::path& source, const std::string& options) {
        const auto link = parse_link("/" + options + "/plain/photo://a", Presets{});
        if (!link) FAIL(options << ": " << link.error().detail);
        JobRequest request = convert_request(PoolConfig{}, reduce(*link, FormatSet{}));
        request.watermark_opacity = watermark_opacity;
        return run_request(request, source);
    }

    LoneConverter converter;
    std::filesystem::path watermark;             // that is sent with a job that asks for one
    std::uint32_t watermark_opacity = kDprUnit;  // thousandths
    int shared_pixels = -1;                      // the file that is sent with a job; -1: none
};

inline Pixels picture(const Converted& converted) {
    INFO("detail: " << converted.reply.detail.data());
    REQUIRE(converted.reply.outcome == Outcome::ok);
    Pixels pixels = Pixels::of_bytes(converted.bytes);
    CHECK(pixels.width() == static_cast<int>(converted.reply.width));
    CHECK(pixels.height() == static_cast<int>(converted.reply.height));
    return pixels;
}

// How far the channels of two pictures of one size are apart, over all pixels: 0 to 255.
inline double mean_error(const Pixels& a, const Pixels& b) {
    REQUIRE((a.width() == b.width() && a.height() == b.height()));
    const double wide = 1.0 / a.width();
    const double high = 1.0 / a.height();
    double sum = 0;
    for (int y = 0; y < a.height(); ++y) {
        for (int x = 0; x < a.width(); ++x) {
            const Rgb one = a.mean(x * wide, y * high, (x + 1) * wide, (y + 1) * high);
            const Rgb other = b.mean(x * wide, y * high, (x + 1) * wide, (y + 1) * high);
            for (std::size_t i = 0; i < one.size(); ++i) sum += std::abs(one.at(i) - other.at(i));
        }
    }
    return sum / 3 * wide * high;
}

}  // namespace thumbgate::test
