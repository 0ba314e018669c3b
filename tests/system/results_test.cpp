// What was converted once is kept, goes with its photo, and an AVIF keeps nobody waiting.
#include "tests/support/catch.hpp"
#include "tests/support/image.hpp"
#include "tests/support/process.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/stack.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate::test;

namespace {

double conversions(const Stack& stack, const std::string& format) {
    return stack.backend_metric("thumbgate_backend_conversions_total", {{"format", format}, {"result", "ok"}});
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

TEST_CASE("a thumbnail that was converted once is served by the next backend without a converter") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::flower());
    const std::string url = stack.thumbnail(photo.id, "/w:200/f:webp");
    const Response made = stack.get(url);
    REQUIRE(made.status == 200);
    CHECK(stack.stored_results().size() == 1);
    stack.drain_backend();
    stack.backend().start();
    REQUIRE(wait_until(30s, [&] { return stack.get("/readyz").status == 200; }));
    purge(stack, photo, url);
    const Response stored = stack.get_cached(url);
    CHECK(base64url(stored.body) == base64url(made.body));
    CHECK(stored.header("etag") == made.header("etag"));
    CHECK(conversions(stack, "webp") == 0);
    CHECK(stack.backend_metric("thumbgate_backend_result_lookups_total", {{"result", "hit"}}) >= 1);
    CHECK(wait_until(20s, [&] { return stack.backend_metric("thumbgate_backend_results_bytes") > 0; }));
}

TEST_CASE("a stored result that the disk damaged is made anew") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::flower());
    const std::string url = stack.thumbnail(photo.id, "/w:200/f:webp");
    const Response made = stack.get(url);
    REQUIRE(stack.stored_results().size() == 1);
    const auto file = stack.dir() / "photos" / stack.stored_results().front();
    const std::string content = read_file(file);
    write_file(file, content.substr(0, content.size() / 2), 0600);
    purge(stack, photo, url);
    CHECK(base64url(stack.get(url).body) == base64url(made.body));
    CHECK(conversions(stack, "webp") == 2);
    CHECK(stack.backend_metric("thumbgate_backend_result_lookups_total", {{"result", "damaged"}}) == 1);
    CHECK(wait_until(20s, [&] { return read_if_there(file) == content; }));
}

TEST_CASE("the results of a photo that is deleted for good are gone when the answer is there, and no other's") {
    Stack stack({.thumbgated_flags = {"--undo", "0"}});
    CookieJar jar;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    const Uploaded other = stack.upload(photos::meadow(), &jar);
    for (const int width : {100, 101, 102}) {
        REQUIRE(stack.get(stack.thumbnail(photo.id, "/w:" + std::to_string(width) + "/f:jpeg")).status == 200);
    }
    REQUIRE(stack.get(stack.thumbnail(other.id, "/w:100/f:jpeg")).status == 200);
    CHECK(stack.stored_results().size() == 4);
    CHECK(stack.send({.url = "/api/photos/" + photo.id, .method = "DELETE", .jar = &jar}).status == 204);
    REQUIRE(stack.stored_results().size() == 1);
    CHECK_THAT(stack.stored_results().front(), contains(other.id));
}

TEST_CASE("a negotiated AVIF is first answered as WebP for a moment, soon as AVIF for long, from every cache") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::flower());
    const std::string url = stack.thumbnail(photo.id, "/w:320");
    const Headers accept{{"Accept", kAcceptsAvif}};
    const Response first = stack.get(url, accept);
    REQUIRE(first.status == 200);
    CHECK(first.header("x-cache") == "MISS");
    CHECK(first.header("content-type") == "image/webp");
    CHECK(inspect_bytes(first.body).format == "webp");
    CHECK(first.header("cache-control") == "public, max-age=2, s-maxage=2");
    CHECK(first.header("vary") == "Accept");
    CHECK_FALSE(first.headers.has("thumb-interim"));

    bool was_hit = false;
    REQUIRE(wait_until(
        60s,
        [&] {
            const Response response = stack.get(url, accept);
            REQUIRE(response.status == 200);
            const bool is_avif = response.header("content-type") == "image/avif";
            CHECK(response.header("cache-control") ==
                  (is_avif ? "public, max-age=2592000" : "public, max-age=2, s-maxage=2"));
            was_hit = was_hit || response.header("x-cache") == "HIT";
            return is_avif && response.header("x-cache") == "HOT";
        },
        50ms));
    CHECK(was_hit);
    CHECK(inspect_bytes(stack.get(url, accept).body).format == "avif");
    CHECK(conversions(stack, "webp") == 1);
    CHECK(conversions(stack, "avif") == 1);
    CHECK(stack.backend_metric("thumbgate_backend_interims_total") >= 1);

    const Response webp = stack.get(url, {{"Accept", kAcceptsWebp}});
    CHECK(base64url(webp.body) == base64url(first.body));
    CHECK(webp.header("cache-control") == "public, max-age=2592000");
    CHECK(conversions(stack, "webp") == 1);
}

TEST_CASE("an AVIF that the link names is never anything else") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::flower());
    for (const char* accept : {kAcceptsAvif, kAcceptsJpeg}) {
        const Response response = stack.get(stack.thumbnail(photo.id, "/w:320/f:avif"), {{"Accept", accept}});
        CHECK(response.header("content-type") == "image/avif");
        CHECK(response.header("cache-control") == "public, max-age=2592000");
    }
    CHECK(conversions(stack, "webp") == 0);
}

TEST_CASE("without a result store an AVIF is made at once, and nothing is kept") {
    Stack stack({.thumbgated_flags = {"--results-max-size", "0"}});
    const Uploaded photo = stack.upload(photos::flower());
    const Response response = stack.get(stack.thumbnail(photo.id, "/w:320"), {{"Accept", kAcceptsAvif}});
    CHECK(response.header("content-type") == "image/avif");
    CHECK(stack.stored_results().empty());
}

TEST_CASE("a disk with too little room takes no upload, and says so") {
    Stack stack({.thumbgated_flags = {"--uploads-min-free", "1000000GiB"}});
    const auto before = stack.stored_files();
    const Response refused = stack.try_upload(photos::flower().path);
    CHECK(refused.status == 507);
    CHECK(refused.header("content-type") == "application/problem+json");
    CHECK_THAT(refused.body, contains("storage_full"));
    CHECK(stack.stored_files() == before);
    CHECK(stack.backend_metric("thumbgate_backend_disk_free_bytes", {{"folder", "photos"}}) > 0);
}
