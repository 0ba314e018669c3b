// A decode that serves other sizes of the same source. A copy of the photograph that was cut off behind its header
// shows where the pixels come from: what is not kept is found to be damaged.
#include "backend/conversion/siblings.hpp"
#include "tests/support/files.hpp"
#include "tests/support/photos.hpp"
#include "tests/support/ssim.hpp"
#include "tests/unit/pipeline_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr SourceDigest kPhoto{1};
constexpr SourceDigest kOther{2};

JobRequest request_for(const SourceDigest& source, std::uint32_t width, std::uint32_t siblings_side) {
    Conversion conversion;
    conversion.options.width = width;
    conversion.options.format = Format::png;
    JobRequest request = convert_request(PoolConfig{}, conversion);
    request.source_digest = source;
    request.siblings_side = siblings_side;
    return request;
}

struct KeepingConverter : ConverterFixture {
    Converted whole(const JobRequest& request) { return run_request(request, photos::dune().path); }
    Outcome cut_off(const JobRequest& request) { return run_request(request, cut_off_.path).reply.outcome; }

    TempDir dir_;
    Photo cut_off_ = photos::truncated(photos::dune(), 0.1, dir_.path());
};

}  // namespace

TEST_CASE_METHOD(KeepingConverter, "While other sizes of a photo wait, one decode serves them") {
    REQUIRE(whole(request_for(kPhoto, 640, 320)).reply.outcome == Outcome::ok);
    CHECK(cut_off(request_for(kPhoto, 320, 160)) == Outcome::ok);
    CHECK(cut_off(request_for(kPhoto, 160, 0)) == Outcome::ok);
    // Nobody was left who would have needed them.
    CHECK(cut_off(request_for(kPhoto, 160, 0)) == Outcome::corrupt);
}

TEST_CASE_METHOD(KeepingConverter, "What is kept is enough for the largest of those that wait") {
    REQUIRE(whole(request_for(kPhoto, 100, 1000)).reply.outcome == Outcome::ok);
    CHECK(cut_off(request_for(kPhoto, 1000, 0)) == Outcome::ok);
    REQUIRE(whole(request_for(kPhoto, 100, 100)).reply.outcome == Outcome::ok);
    CHECK(cut_off(request_for(kPhoto, 1000, 0)) == Outcome::corrupt);
}

TEST_CASE_METHOD(KeepingConverter, "Pixels are kept for their own source alone, and until another one comes") {
    REQUIRE(whole(request_for(kPhoto, 640, 320)).reply.outcome == Outcome::ok);
    CHECK(cut_off(request_for(kOther, 320, 320)) == Outcome::corrupt);
    CHECK(cut_off(request_for(kPhoto, 320, 0)) == Outcome::corrupt);
    // A source that is not known is no other's.
    REQUIRE(whole(request_for({}, 640, 320)).reply.outcome == Outcome::ok);
    CHECK(cut_off(request_for({}, 320, 0)) == Outcome::corrupt);
}

TEST_CASE_METHOD(KeepingConverter, "A size that is made from kept pixels looks as one that is made alone") {
    for (const std::uint32_t width : {160U, 301U, 640U}) {
        CAPTURE(width);
        const Converted alone = whole(request_for({}, width, 0));
        REQUIRE(whole(request_for(kPhoto, 1001, 1001)).reply.outcome == Outcome::ok);
        const Converted kept = whole(request_for(kPhoto, width, 0));
        CHECK(kept.reply.height == alone.reply.height);
        CHECK(ssim(luma_of_bytes(kept.bytes), luma_of_bytes(alone.bytes)) > 0.985);
    }
}

TEST_CASE("The longest side that waits is told for each source") {
    Siblings siblings;
    CHECK(siblings.longest_side(kPhoto) == 0);
    const JobRequest small = request_for(kPhoto, 160, 0);
    JobRequest dense = request_for(kPhoto, 300, 0);
    dense.dpr = 1500;
    siblings.add(small);
    siblings.add(small);
    siblings.add(dense);
    siblings.add(request_for(kOther, 2000, 0));
    siblings.add(request_for({}, 3000, 0));
    CHECK(siblings.longest_side(kPhoto) == 450);
    siblings.remove(dense);
    siblings.remove(small);
    CHECK(siblings.longest_side(kPhoto) == 160);
    siblings.remove(small);
    CHECK(siblings.longest_side(kPhoto) == 0);
    CHECK(siblings.longest_side(kOther) == 2000);
    CHECK(siblings.longest_side({}) == 0);
}
