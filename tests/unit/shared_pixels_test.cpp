// A decode that serves other sizes of the same source. A copy of the photograph that was cut off behind its header
// shows where the pixels come from: what is not shared is found to be damaged.
#include <boost/asio/io_context.hpp>
#include <random>

#include "backend/conversion/pixel_shares.hpp"
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

struct SharingConverter : ConverterFixture {
    SharingConverter() { share_anew(); }

    void share_anew() {
        file_ = *make_output(kSharedPixelsBytes);
        shared_pixels = file_.get();
    }
    Converted whole(std::uint32_t width, std::uint32_t siblings_side) {
        return run_request(request_for(kPhoto, width, siblings_side), photo_.path);
    }
    Outcome cut_off(std::uint32_t width, std::uint32_t siblings_side = 0) {
        return run_request(request_for(kPhoto, width, siblings_side), cut_off_.path).reply.outcome;
    }

    thumbgate::UniqueFd file_;
    TempDir dir_;
    Photo photo_ = photos::dune();
    Photo cut_off_ = photos::truncated(photo_, 0.1, dir_.path());
};

}  // namespace

TEST_CASE_METHOD(SharingConverter, "While other sizes of a photo wait, one decode serves them") {
    REQUIRE(whole(640, 320).reply.outcome == Outcome::ok);
    CHECK(cut_off(640) == Outcome::ok);
    CHECK(cut_off(320, 160) == Outcome::ok);
    CHECK(cut_off(160) == Outcome::ok);
    share_anew();
    CHECK(cut_off(160) == Outcome::corrupt);
    CHECK(whole(160, 0).reply.outcome == Outcome::ok);
    // Nobody waited who would have needed them.
    CHECK(cut_off(160) == Outcome::corrupt);
}

TEST_CASE_METHOD(SharingConverter, "What is shared is enough for the largest of those that wait") {
    REQUIRE(whole(100, 1000).reply.outcome == Outcome::ok);
    CHECK(cut_off(1000) == Outcome::ok);
    share_anew();
    REQUIRE(whole(100, 100).reply.outcome == Outcome::ok);
    CHECK(cut_off(100) == Outcome::ok);
    CHECK(cut_off(1000) == Outcome::corrupt);
}

TEST_CASE_METHOD(SharingConverter, "Another converter takes what one has left") {
    REQUIRE(whole(640, 320).reply.outcome == Outcome::ok);
    converter.replace();
    CHECK(cut_off(320) == Outcome::ok);
}

TEST_CASE_METHOD(SharingConverter, "An inspection leaves the pixels for what is asked for next, and sees the same") {
    for (const Photo& photo : {photos::dune(), photos::storm(), photos::flower()}) {
        INFO(photo.path);
        share_anew();
        JobRequest request = inspect_request(PoolConfig{});
        const JobReply alone = run_request(request, photo.path).reply;
        request.siblings_side = 1280;
        const JobReply sharing = run_request(request, photo.path).reply;
        REQUIRE(sharing.outcome == Outcome::ok);
        CHECK(sharing.width == alone.width);
        CHECK(sharing.thumbhash.text().size() == alone.thumbhash.text().size());
        cut_off_ = photos::truncated(photo, 0.1, dir_.path());
        for (const std::uint32_t width : {160U, 320U, 1280U}) CHECK(cut_off(width) == Outcome::ok);
        CHECK(run_request(request, photos::truncated(photo, 0.5, dir_.path()).path).reply.outcome == Outcome::corrupt);
    }
}

TEST_CASE_METHOD(SharingConverter, "A size that is made from shared pixels looks as one that is made alone") {
    const Photo progressive = photos::storm();
    for (const Photo& photo : {photos::dune(), progressive}) {
        photo_ = photo;
        for (const std::uint32_t width : {100U, 160U, 301U, 640U}) {
            INFO(photo.path << " " << width);
            share_anew();
            const Converted alone = whole(width, 0);
            REQUIRE(whole(1001, 1001).reply.outcome == Outcome::ok);
            const Converted shared = whole(width, 0);
            CHECK(shared.reply.height == alone.reply.height);
            CHECK(ssim(luma_of_bytes(shared.bytes), luma_of_bytes(alone.bytes)) > 0.99);
        }
    }
}

TEST_CASE_METHOD(SharingConverter, "Whatever another converter has written, a picture is whole or refused") {
    REQUIRE(whole(640, 640).reply.outcome == Outcome::ok);
    std::array<std::int32_t, 7> head{};
    REQUIRE(pread(shared_pixels, head.data(), sizeof head, 0) == sizeof head);
    std::mt19937 random(1);
    const std::array<std::int32_t, 10> odd{0, 1, -1, 2, 3, 8, 1 << 16, 0x7fffffff, -0x7fffffff, 1 << 30};
    for (int i = 0; i < 300; ++i) {
        auto broken = head;
        for (int changes = 0; changes < 1 + i % 3; ++changes) broken.at(random() % 7) = odd.at(random() % odd.size());
        REQUIRE(pwrite(shared_pixels, broken.data(), sizeof broken, 0) == sizeof broken);
        CAPTURE(broken);
        const Converted converted = whole(320, 0);
        REQUIRE(converted.reply.outcome == Outcome::ok);
        CHECK(converted.reply.width == 320);
    }
}

TEST_CASE("The longest side that waits is told for each source") {
    Siblings siblings;
    CHECK(siblings.longest_side(kPhoto) == 0);
    const JobRequest small = request_for(kPhoto, 160, 0);
    JobRequest dense = request_for(kPhoto, 300, 0);
    dense.dpr = 1500;
    JobRequest inspection = inspect_request(PoolConfig{});
    inspection.source_digest = kPhoto;
    siblings.add(inspection);
    siblings.add(small);
    siblings.add(small);
    siblings.add(dense);
    siblings.add(request_for(kOther, 2000, 0));
    siblings.add(request_for({}, 3000, 0));
    CHECK(siblings.longest_side(kPhoto) == 450);
    siblings.remove(inspection);
    siblings.remove(dense);
    siblings.remove(small);
    CHECK(siblings.longest_side(kPhoto) == 160);
    siblings.remove(small);
    CHECK(siblings.longest_side(kPhoto) == 0);
    CHECK(siblings.longest_side(kOther) == 2000);
    CHECK(siblings.longest_side({}) == 0);
}

TEST_CASE("A source has one file for its pixels, until a larger one is needed") {
    boost::asio::io_context io;
    PixelShares shares(io.get_executor());
    CHECK(shares.find(kPhoto) == nullptr);
    const auto made = shares.find_or_make(kPhoto, 640);
    REQUIRE(made);
    CHECK(shares.find(kPhoto) == made);
    CHECK(shares.find_or_make(kPhoto, 320) == made);
    CHECK(shares.find(kOther) == nullptr);
    const auto larger = shares.find_or_make(kPhoto, 1280);
    CHECK(larger != made);
    CHECK(shares.find(kPhoto) == larger);
    shares.forget(kPhoto);
    CHECK(shares.find(kPhoto) == nullptr);
}

TEST_CASE("Files for pixels are few, and go after a while") {
    boost::asio::io_context io;
    PixelShares shares(io.get_executor(), std::chrono::milliseconds(50));
    for (std::uint8_t i = 1; i <= PixelShares::kMost; ++i) REQUIRE(shares.find_or_make(SourceDigest{i}, 640));
    REQUIRE(shares.find_or_make(SourceDigest{99}, 640));
    CHECK(shares.size() == PixelShares::kMost);
    CHECK_FALSE(shares.find(SourceDigest{1}));
    CHECK(shares.find(SourceDigest{2}));
    io.run();
    CHECK(shares.size() == 0);
    REQUIRE(shares.find_or_make(kPhoto, 640));
    io.restart();
    io.run();
    CHECK(shares.size() == 0);
}
