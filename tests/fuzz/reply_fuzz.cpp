// What a converter in an attacker's hands replies, and the first bytes of what anybody uploads.
#include <algorithm>
#include <cstring>

#include "backend/conversion/formats.hpp"
#include "backend/conversion/job.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace thumbgate;

namespace {

void check_against(const JobRequest& request, std::span<const std::byte> bytes) {
    const auto reply = check_reply(request, bytes);
    if (!reply) return;
    expect(bytes.size() == sizeof(JobReply));
    expect(!name(reply->outcome).empty());
    if (reply->outcome == Outcome::ok) {
        expect(reply->width > 0 && reply->height > 0);
        expect(std::uint64_t{reply->width} * reply->height <= request.max_pixels);
        expect(reply->output_bytes <= request.max_output_bytes);
        expect(!name(reply->source_format).empty() && !name(reply->format).empty());
        return;
    }
    const Error error = error_of(*reply, PoolConfig{});
    expect(error.status >= 400 && error.status < 600 && !error.code.empty() && !error.message.empty());
    expect(std::ranges::all_of(error.detail, [](char c) { return c >= ' ' && c <= '~'; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    // A reply has one size; bytes that are missing are zeros.
    std::array<std::byte, sizeof(JobReply)> whole{};
    std::memcpy(whole.data(), data, std::min(size, whole.size()));
    Conversion conversion;
    conversion.accepted = FormatSet().with(Format::webp);
    for (const JobRequest& request : {inspect_request(PoolConfig{}), convert_request(PoolConfig{}, conversion)}) {
        check_against(request, whole);
        check_against(request, std::as_bytes(std::span(data, size)));
    }
    if (const auto format = sniff(text)) expect(!name(*format).empty() && media_type(*format).starts_with("image/"));
    return 0;
}
