// Formats beyond JPEG, PNG, WebP and AVIF through the edge, the backend and a converter in its sandbox.
#include "tests/support/catch.hpp"
#include "tests/support/image.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

constexpr double kSamePicture = 4;  // see difference()

// Two frames of 300 × 200: a photograph, and the same mirrored.
Photo animation(const std::filesystem::path& dir) {
    const std::string path = dir / "moving.gif";
    const RunResult made = run({"/usr/bin/convert", "-delay", "10", "-loop", "0", photos::storm().path.string(),
                                "-resize", "300x200!", "(", "+clone", "-flop", ")", path},
                               {.timeout = 60s});
    if (!made.ok()) FAIL(made.err);
    return {path, 300, 200};
}

std::string pages_in(const std::string& bytes) {
    const TempDir dir;
    write_file(dir / "made", bytes);
    return run({"vipsheader", "-f", "n-pages", (dir / "made").string()}).out.substr(0, 1);
}

}  // namespace

TEST_CASE("an animation moves in GIF and in WebP, as the client accepts it or the link says") {
    const TempDir dir;
    Stack stack;
    const Uploaded photo = stack.upload(animation(dir.path()));
    CHECK(photo.format == "gif");
    const auto check = [&](const std::string& options, const char* accept, const std::string& type, bool moves) {
        INFO(options << " for " << accept);
        const Response response = stack.get_as(type, stack.thumbnail(photo.id, options), {{"Accept", accept}});
        CHECK(pages_in(response.body) == (moves ? "2" : ""));
    };
    check("/w:150", kAcceptsJpeg, "image/gif", true);
    check("/w:150", kAcceptsWebp, "image/webp", true);
    check("/w:150", kAcceptsAvif, "image/webp", true);
    check("/w:150/f:gif", kAcceptsWebp, "image/gif", true);
    check("/w:150/f:jpg", kAcceptsWebp, "image/jpeg", false);
    check("/rs:fill:80:80/g:no/f:webp", kAcceptsJpeg, "image/webp", true);
    stack.get_cached(stack.thumbnail(photo.id, "/w:150/f:gif"));
}

TEST_CASE("HEIC, TIFF and JPEG XL are uploaded, and JPEG XL comes where a link names it") {
    const TempDir dir;
    Stack stack;
    const Pixels original = Pixels::of(photos::meadow().path);
    for (const std::string ending : {"heic", "tif", "jxl"}) {
        CAPTURE(ending);
        const Uploaded photo = stack.upload(photos::converted(photos::meadow(), ending, dir.path()));
        CHECK(photo.width == 1280);
        for (const std::string format : {"jpeg", "jxl", "gif"}) {
            const Response response = stack.get(stack.thumbnail(photo.id, "/w:200/f:" + format));
            INFO(response);
            REQUIRE(response.status == 200);
            CHECK(response.header("content-type") == "image/" + format);
            CHECK(difference(Pixels::of_bytes(response.body), original) < kSamePicture);
        }
    }
}

TEST_CASE("a video is refused, and it is said that it is one") {
    const TempDir dir;
    const Stack stack;
    write_file(dir / "film.mp4", std::string("\0\0\0\x18"
                                             "ftypmp42\0\0\0\0mp42isom",
                                             24) +
                                     std::string(5000, 'x'));
    const Response refused = stack.try_upload(dir / "film.mp4");
    INFO(refused);
    CHECK(refused.status == 415);
    CHECK_THAT(refused.body, contains("urn:thumbgate:problem:video") && contains("This is a video"));
}
