// Receiving a picture: only what can be one, no more of it than is allowed, and nothing left of the rest.
#include "backend/photos/upload.hpp"

#include "backend/storage/file_store.hpp"
#include "contract/encoding.hpp"
#include "contract/hmac.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/backend_fakes.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
using Wanted = thumbgate::Request;

namespace {

constexpr std::uint64_t kLimit = 300'000;

const std::string kJpegHead = "\xFF\xD8\xFF\xE0";

std::string jpeg(std::size_t size) {
    return kJpegHead + std::string(size - kJpegHead.size(), 'j');
}

std::string field(const std::string& name, const std::string& data) {
    return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"x\"\r\n\r\n" + data + "\r\n";
}

struct Fixture {
    TempDir dir;
    std::unique_ptr<FileStore> storage = std::move(*FileStore::make(dir / "photos"));
    boost::asio::io_context io{1};  // outlives the threads, which report to it
    StorageThreads threads{{.threads = 2}};

    Result<ReceivedPicture> receive(FakeBody& body, const std::string& type = "image/jpeg") {
        Wanted request;
        request.headers = {{"Content-Type", type}};
        request.body = &body;
        return run_coroutine(io, receive_picture(request, *storage, threads, {.max_bytes = kLimit}));
    }
    Result<ReceivedPicture> receive(const std::string& bytes, const std::string& type = "image/jpeg") {
        FakeBody body(bytes);
        return receive(body, type);
    }
    Result<ReceivedPicture> receive_form(const std::string& fields) {
        return receive(fields + "--B--\r\n", "multipart/form-data; boundary=B");
    }
    // Files under way, beside the locks.
    std::size_t received_files() const {
        auto files = files_below(dir / "photos");
        return static_cast<std::size_t>(
            std::ranges::count_if(files, [](const std::string& f) { return !f.ends_with("lock"); }));
    }
    // A file is removed on a storage thread, some time after its last owner is gone.
    bool leaves_nothing() const {
        return wait_until(20s, [this] { return received_files() == 0; });
    }
};

}  // namespace

TEST_CASE("a picture arrives byte for byte with its digest, as a body or in a form") {
    Fixture f;
    const std::string picture = jpeg(290'000);
    for (const auto& received : {f.receive(picture), f.receive(picture, ""), f.receive(picture, "text/plain"),
                                 f.receive_form(field("title", "t") + field("photo", picture))}) {
        REQUIRE(received);
        CHECK(received->bytes == picture.size());
        CHECK(received->sha256 == hex_encode(sha256(picture)));
        CHECK(read_file(received->file->path()) == picture);
    }
    CHECK(f.leaves_nothing());
}

TEST_CASE("a picture may be as large as the limit, in a form too, and not a byte larger") {
    Fixture f;
    CHECK(f.receive(jpeg(kLimit)));
    CHECK(f.receive_form(field("photo", jpeg(kLimit))));
    const auto refused = f.receive(jpeg(kLimit + 1));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 413);
    CHECK_THAT(refused.error().message, contains("300000 bytes"));
    CHECK(f.receive_form(field("photo", jpeg(kLimit + 1))).error().status == 413);
    CHECK(f.leaves_nothing());
}

TEST_CASE("one that is announced as too large is not read at all, one that is not announced no further than that") {
    Fixture f;
    FakeBody announced(jpeg(kLimit + 1));
    CHECK(f.receive(announced).error().status == 413);
    CHECK(announced.read() == 0);
    FakeBody chunked(jpeg(10 * kLimit));
    chunked.announces = false;
    CHECK(f.receive(chunked).error().status == 413);
    CHECK(chunked.read() <= kLimit + 64 * 1024);
}

TEST_CASE("a form cannot be endless beside its picture") {
    Fixture f;
    FakeBody body(field("x", std::string(10 * kLimit, 'x')));
    body.announces = false;
    const auto refused = f.receive(body, "multipart/form-data; boundary=B");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 413);
    CHECK(refused.error().code == "form_too_large");
    CHECK_THAT(refused.error().message, contains("256 KiB"));
    CHECK(body.read() < 3 * kLimit);
}

TEST_CASE("what does not begin as a picture is refused at once") {
    Fixture f;
    FakeBody text(std::string(kLimit, 't'), 100);
    const auto refused = f.receive(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 415);
    CHECK(text.read() == 100);
    CHECK(f.receive("GIF").error().status == 415);
    CHECK(f.receive_form(field("photo", "hello")).error().status == 415);
    CHECK(f.leaves_nothing());
}

TEST_CASE("a video is refused in words of its own") {
    Fixture f;
    const std::string mp4(
        "\0\0\0\x20"
        "ftypisom\0\0\2\0isomiso2avc1mp41",
        32);
    const auto refused = f.receive(mp4 + std::string(1000, 'x'));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 415);
    CHECK(refused.error().code == "video");
    CHECK(f.leaves_nothing());
}

TEST_CASE("an SVG is known by its first element, however its bytes come") {
    Fixture f;
    const std::string svg = "<?xml version='1.0'?><!-- " + std::string(1000, 'x') + " --><svg><rect/></svg>";
    for (const std::size_t at_once : {std::size_t{1}, std::size_t{33}, svg.size()}) {
        FakeBody body(svg, at_once);
        const auto received = f.receive(body, "image/svg+xml");
        REQUIRE(received);
        CHECK(received->is_svg);
        CHECK(received->bytes == svg.size());
    }
    CHECK(f.receive_form(field("photo", svg))->is_svg);
    CHECK_FALSE(f.receive(jpeg(100))->is_svg);
}

TEST_CASE("an XML that is not known as SVG in time is not read on") {
    Fixture f;
    FakeBody body("<!--" + std::string(kLimit - 4, 'x'), 100);
    CHECK(f.receive(body).error().code == "unsupported_format");
    CHECK(body.read() < 5000);
    CHECK(f.receive("<?xml version='1.0'?><rss/>").error().code == "unsupported_format");
    CHECK(f.receive("\x1F\x8B\x08" + std::string(100, 'z')).error().code == "compressed");
}

TEST_CASE("an SVG is refused as soon as it passes the limit that is its own") {
    Fixture f;
    FakeBody body("<svg>" + std::string(280'000, ' '), 1000);
    Wanted request;
    request.body = &body;
    const ReceiveLimits limits{.max_bytes = kLimit, .max_svg_bytes = 2000};
    const auto refused = run_coroutine(f.io, receive_picture(request, *f.storage, f.threads, limits));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 413);
    CHECK(refused.error().code == "svg_too_large");
    CHECK(body.read() <= 3000);
}

TEST_CASE("no picture at all is said so") {
    Fixture f;
    CHECK(f.receive("").error().code == "empty_picture");
    FakeBody chunked("");
    chunked.announces = false;
    CHECK(f.receive(chunked).error().code == "empty_picture");
    CHECK(f.receive_form(field("photo", "")).error().code == "empty_picture");
    CHECK(f.receive_form(field("picture", jpeg(100))).error().code == "no_photo_field");
    CHECK(f.receive_form(field("photo", jpeg(100)) + field("photo", jpeg(100))).error().code == "several_pictures");
}

TEST_CASE("a form that is none is refused") {
    Fixture f;
    CHECK(f.receive(jpeg(100), "multipart/form-data; boundary=B").error().code == "malformed_form");
    CHECK(f.receive(jpeg(100), "multipart/form-data").error().code == "malformed_form");
    CHECK(f.receive(field("photo", jpeg(100)), "multipart/form-data; boundary=B").error().code == "malformed_form");
}

TEST_CASE("an upload that breaks off leaves nothing") {
    Fixture f;
    FakeBody body(jpeg(200'000));
    body.error_at_end = Error{400, "incomplete_body", "cut off"};
    CHECK(f.receive(body).error().code == "incomplete_body");
    CHECK(f.leaves_nothing());
}
