// The operator's watermark through the edge: put on where a link asks for it, refused where there is none, and another
// one after a restart.
#include "tests/support/catch.hpp"
#include "tests/support/image.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/stack.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate::test;

namespace {

namespace fs = std::filesystem;

void paint(const fs::path& file, const std::string& colour) {
    REQUIRE(run({"/usr/bin/convert", "-size", "40x40", "xc:" + colour, "PNG24:" + file.string()}).ok());
}

// Of the bottom right corner, where the watermark lies.
Rgb corner(const Response& response) {
    INFO(response.status << " " << response.body.substr(0, 300));
    REQUIRE(response.status == 200);
    return Pixels::of_bytes(response.body).mean(.9, .9, 1, 1);
}

// So that the edge has to ask the backend again.
void purge(const Stack& stack, const Uploaded& photo, const std::string& url) {
    const RunResult purged = run({built("thumbgate").string(), "purge", photo.id, "--redis",
                                  "unix:" + (stack.dir() / "run/redis.sock").string()},
                                 {.timeout = 20s});
    REQUIRE(purged.exit_code == 0);
    REQUIRE(wait_until(20s, [&] { return stack.get(url).header("x-cache") == "MISS"; }));
}

}  // namespace

TEST_CASE("a watermark is put on where the link asks for it, and a new one makes new thumbnails") {
    const TempDir dir;
    paint(dir / "mark.png", "red");
    Stack stack({.thumbgated_flags = {"--watermark", (dir / "mark.png").string()}});
    const Uploaded photo = stack.upload(photos::flower());
    const std::string marked = stack.thumbnail(photo.id, "/w:200/wm:1:soea:0:0:0.25/f:png");
    const std::string plain = stack.thumbnail(photo.id, "/w:200/f:png");
    CHECK(corner(stack.get(marked)) == Rgb{255, 0, 0});
    CHECK(corner(stack.get(plain)) != Rgb{255, 0, 0});
    CHECK(stack.stored_results().size() == 2);
    paint(dir / "mark.png", "blue");
    stack.drain_backend();
    stack.backend().start();
    REQUIRE(wait_until(30s, [&] { return stack.get("/readyz").status == 200; }));
    purge(stack, photo, marked);
    CHECK(corner(stack.get(marked)) == Rgb{0, 0, 255});
    CHECK(stack.get(plain).status == 200);
    CHECK(stack.stored_results().size() == 3);
}

TEST_CASE("a link that asks for a watermark where there is none is told so") {
    const Stack stack;
    const Uploaded photo = stack.upload(photos::flower());
    const Response refused = stack.get(stack.thumbnail(photo.id, "/w:200/wm:0.5"));
    CHECK(refused.status == 400);
    CHECK(refused.header("content-type") == "application/problem+json");
    CHECK(refused.header("cache-control") == "no-store");
    CHECK_THAT(refused.body, contains("watermark_not_configured"));
    CHECK_THAT(refused.body, contains("none is configured"));
    CHECK(stack.get(stack.thumbnail(photo.id, "/w:200/wm:0")).status == 200);
}

TEST_CASE("a watermark that cannot be decoded is refused at start, by what is wrong with it") {
    const TempDir dir;
    paint(dir / "mark.png", "red");
    const std::string whole = read_file(dir / "mark.png");
    write_file(dir / "mark.png", whole.substr(0, whole.size() / 2));
    Thumbgated backend;
    backend.drain();
    const RunResult refused =
        run({built("thumbgated").string(), "--listen", "unix:" + backend.socket().string(), "--keys",
             backend.options().keys.string(), "--secret", backend.options().secret.string(), "--photos",
             backend.options().photos.string(), "--redis", "unix:" + backend.options().redis.string(), "--watermark",
             (dir / "mark.png").string()},
            {.timeout = 60s});
    CHECK(refused.exit_code == 1);
    CHECK_THAT(refused.err, contains("--watermark: " + (dir / "mark.png").string()));
    CHECK_THAT(refused.err, contains("damaged"));
}
