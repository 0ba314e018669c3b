// What was published is taken back from the command line, on every edge.
#include <ctime>

#include "tests/support/catch.hpp"
#include "tests/support/photos.hpp"
#include "tests/support/process.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/stack.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate::test;

namespace {

RunResult command(const Stack& stack, std::vector<std::string> words) {
    words.insert(words.begin(), built("thumbgate").string());
    words.insert(words.end(), {"--redis", "unix:" + (stack.dir() / "run/redis.sock").string()});
    return run(words, {.timeout = 20s});
}

std::string exp() {
    return "/exp:" + std::to_string(std::time(nullptr) + 1000);
}

}  // namespace

TEST_CASE("thumbgate purge takes a photo's thumbnails from the edge, which then are made anew") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::flower());
    const std::string url = stack.thumbnail(photo.id, "/w:40/f:jpeg");
    stack.get_cached(url);
    const RunResult purged = command(stack, {"purge", "photo://" + photo.id});
    INFO(purged.err);
    CHECK(purged.exit_code == 0);
    CHECK(purged.out == "purged " + photo.id + "\n");
    CHECK(wait_until(1s, [&] { return stack.get(url).header("x-cache") == "MISS"; }));
}

TEST_CASE("thumbgate revoke ends a link by its lid, and says why it cannot end another") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::flower());
    const std::string url = stack.thumbnail(photo.id, "/lid:leak" + exp() + "/w:40");
    const std::string other = stack.thumbnail(photo.id, "/lid:other" + exp() + "/w:40");
    const std::string plain = stack.thumbnail(photo.id, "/w:40");
    for (const std::string& each : {url, other, plain}) REQUIRE(stack.get(each).status == 200);
    CHECK(command(stack, {"revoke", stack.url(url)}).out == "revoked leak\n");
    CHECK(wait_until(1s, [&] { return stack.get(url).status == 410; }));
    CHECK(stack.get(other).status == 200);
    const RunResult nameless = command(stack, {"revoke", stack.url(plain)});
    CHECK(nameless.exit_code == 1);
    CHECK_THAT(nameless.err, contains("has no lid"));
    CHECK(command(stack, {"revoke", "--lid", "other", "--until", std::to_string(std::time(nullptr) + 99)}).exit_code ==
          0);
    CHECK(wait_until(1s, [&] { return stack.get(other).status == 410; }));
    CHECK(command(stack, {"revoke"}).exit_code == 1);
    CHECK(command(stack, {"revoke", "--lid", "x"}).exit_code != 0);
}

TEST_CASE("without Redis purge and revoke say so, and name its address") {
    Stack stack;
    stack.redis().kill();
    const RunResult purged = command(stack, {"purge", "abc"});
    CHECK(purged.exit_code == 1);
    CHECK_THAT(purged.err, contains("Redis at unix:") && contains("redis.sock"));
    const RunResult nowhere =
        run({built("thumbgate").string(), "purge", "abc", "--redis", "nowhere"}, {.timeout = 20s});
    CHECK(nowhere.exit_code == 1);
    CHECK_THAT(nowhere.err, contains("\"nowhere\" is neither unix:PATH nor HOST:PORT"));
    stack.redis().start();
}

TEST_CASE("a session that ends takes its own links with it, on the edge too") {
    Stack stack;
    CookieJar jar;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    REQUIRE(stack.get("/api/photos", {}, &jar).status == 200);
    CHECK(stack.send({.url = "/api/sessions/current", .method = "DELETE", .jar = &jar}).status == 204);
    CHECK(wait_until(
        1s, [&] { return stack.edge_metric("thumbgate_edge_feed_entries_total", {{"type", "end_session"}}) == 1; }));
    CHECK(stack.edge_metric("thumbgate_edge_feed_revocations") == 1);
}
