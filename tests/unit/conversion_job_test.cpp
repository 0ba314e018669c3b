// Replies of a converter that is in an attacker's hands.
#include "backend/conversion/job.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <functional>

#include "backend/converter/channel.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;

namespace {

constexpr std::uint64_t kMaxBytes = 1 << 20;

PoolConfig config() {
    PoolConfig config;
    config.max_output_bytes = kMaxBytes;
    return config;
}

JobRequest webp_request() {
    Conversion conversion;
    conversion.accepted = FormatSet().with(Format::webp);
    return convert_request(config(), conversion);
}

JobReply honest_reply() {
    auto reply = blank_message<JobReply>();
    reply.format = Format::webp;
    reply.width = 320;
    reply.height = 200;
    reply.output_bytes = 12;
    return reply;
}

bool is_taken(const std::function<void(JobReply&)>& change, const JobRequest& request = webp_request()) {
    JobReply reply = honest_reply();
    change(reply);
    return check_reply(request, bytes_of(reply)).has_value();
}

bool is_taken_with_byte(std::size_t offset, std::uint8_t value) {
    const JobReply reply = honest_reply();
    std::vector<std::byte> bytes(sizeof reply);
    std::memcpy(bytes.data(), &reply, sizeof reply);
    bytes.at(offset) = std::byte{value};
    return check_reply(webp_request(), bytes).has_value();
}

}  // namespace

TEST_CASE("A reply to another job is not taken") {
    CHECK_FALSE(is_taken([](JobReply& reply) { reply.number = 1; }));
}

TEST_CASE("An honest reply is taken") {
    CHECK(is_taken([](JobReply&) {}));
    CHECK(is_taken([](JobReply& reply) { reply.format = Format::jpeg; }));
    CHECK(is_taken([](JobReply& reply) { reply.format = Format::png; }));
    CHECK(is_taken([](JobReply& reply) { reply.format = Format::gif; }));
    CHECK(is_taken([](JobReply& reply) { reply.outcome = Outcome::corrupt; }));
}

TEST_CASE("A reply of another size is no reply") {
    const JobReply reply = honest_reply();
    const auto bytes = bytes_of(reply);
    CHECK_FALSE(check_reply(webp_request(), bytes.first(bytes.size() - 1)));
    CHECK_FALSE(check_reply(webp_request(), {}));
}

TEST_CASE("A reply with a value out of range is not taken") {
    CHECK_FALSE(is_taken_with_byte(offsetof(JobReply, outcome), 15));
    CHECK_FALSE(is_taken_with_byte(offsetof(JobReply, format), 6));
    CHECK_FALSE(is_taken_with_byte(offsetof(JobReply, source_format), 9));
    CHECK_FALSE(is_taken_with_byte(offsetof(JobReply, has_alpha), 2));
}

TEST_CASE("A reply that cannot be true is not taken") {
    CHECK_FALSE(is_taken([](JobReply& reply) { reply.width = 0; }));
    CHECK_FALSE(is_taken([](JobReply& reply) { reply.width = reply.height = 60000; }));
    CHECK_FALSE(is_taken([](JobReply& reply) { reply.output_bytes = 0; }));
    CHECK_FALSE(is_taken([](JobReply& reply) { reply.output_bytes = kMaxBytes + 1; }));
    CHECK_FALSE(is_taken([](JobReply& reply) { reply.format = Format::avif; }));
    CHECK_FALSE(is_taken([](JobReply& reply) { reply.format = Format::jxl; }));
}

TEST_CASE("An inspection's reply with what no picture has is not taken") {
    const JobRequest request = inspect_request(config());
    const auto is_taken_with = [&](const std::function<void(JobReply&)>& change) {
        const auto inspected = [&](JobReply& reply) {
            reply.output_bytes = 0;
            reply.frames = 1000;
            reply.orientation = 8;
            reply.thumbhash.size = 25;
            change(reply);
        };
        return is_taken(inspected, request);
    };
    CHECK(is_taken_with([](JobReply&) {}));
    CHECK_FALSE(is_taken_with([](JobReply& reply) { reply.frames = 0; }));
    CHECK_FALSE(is_taken_with([](JobReply& reply) { reply.frames = 1001; }));
    CHECK_FALSE(is_taken_with([](JobReply& reply) { reply.orientation = 0; }));
    CHECK_FALSE(is_taken_with([](JobReply& reply) { reply.orientation = 9; }));
    CHECK_FALSE(is_taken_with([](JobReply& reply) { reply.thumbhash.size = 0; }));
    CHECK_FALSE(is_taken_with([](JobReply& reply) { reply.thumbhash.size = 26; }));
    CHECK_FALSE(is_taken_with([](JobReply& reply) { reply.output_bytes = 1; }));
}

TEST_CASE("A named format is the only one that is taken") {
    Conversion conversion;
    conversion.options.format = Format::webp;
    const JobRequest request = convert_request(config(), conversion);
    CHECK(is_taken([](JobReply&) {}, request));
    CHECK_FALSE(is_taken([](JobReply& reply) { reply.format = Format::jpeg; }, request));
}

TEST_CASE("A result's file cannot grow, be executed or be unsealed") {
    const auto output = make_output(1000);
    REQUIRE(output);
    CHECK(pwrite(output->get(), "x", 1, 999) == 1);
    CHECK(pwrite(output->get(), "x", 1, 1000) == -1);
    CHECK(ftruncate(output->get(), 2000) == -1);
    CHECK(ftruncate(output->get(), 10) == -1);
    CHECK(fcntl(output->get(), F_ADD_SEALS, F_SEAL_WRITE) == -1);
}

TEST_CASE("A result is read only when it is a picture of the format it names") {
    const auto output = make_output(1000);
    REQUIRE(output);
    REQUIRE(pwrite(output->get(), "RIFF\4\0\0\0WEBP", 12, 0) == 12);
    const auto picture = read_output(*output, honest_reply());
    REQUIRE(picture);
    CHECK(picture->bytes.size() == 12);
    CHECK(picture->width == 320);
    JobReply other = honest_reply();
    other.format = Format::png;
    CHECK_FALSE(read_output(*output, other));
    JobReply longer = honest_reply();
    longer.output_bytes = 1001;
    CHECK_FALSE(read_output(*output, longer));
}

TEST_CASE("A converter's words cannot break a line of the log") {
    JobReply reply = honest_reply();
    reply.outcome = Outcome::corrupt;
    reply.detail.fill('\n');
    CHECK(error_of(reply, config()).detail.empty());
    std::memcpy(reply.detail.data(), "a\"\r\n\x1B[1mb\0c", 12);
    CHECK(error_of(reply, config()).detail == "a\"   [1mb");
}
