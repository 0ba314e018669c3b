// A request that is woken is judged again: what expired, was purged or revoked while it waited is so for it too; and
// what may be served stale is not waited for.
#include <chrono>

#include "tests/support/catch.hpp"
#include "tests/support/coalescing.hpp"
#include "tests/support/feed.hpp"

using namespace thumbgate::test;

namespace {

const Request kGet{.url = signed_url("/w:1/plain/photo://a")};

int64_t unix_now() {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// An edge that follows a feed, and coalesces.
struct Following {
    Redis redis;
    SlowOrigin origin{{}};
    std::optional<Nginx> edge;
    Following() {
        announce_begin(redis);
        edge.emplace(
            coalescing(origin, kCoalesceHot, 2, "thumb_feed unix:" + redis.socket().string() + " state=feed.state;"));
        wait_until_following(*edge);
        origin.hold();
    }
};

}  // namespace

TEST_CASE("a link that expires while its request waits is refused when it is woken") {
    SlowOrigin origin({});
    const Nginx edge(coalescing(origin));
    origin.hold();
    Burst lasting(edge, 1, kGet);
    REQUIRE(wait_until(10s, [&] { return origin.requests().size() == 1; }));
    const auto expires = unix_now() + 3;
    Burst expiring(edge, 2, {.url = signed_url("/exp:" + std::to_string(expires) + "/w:1/plain/photo://a")});
    wait_for_waiters(edge, origin, 2);
    REQUIRE(wait_until(20s, [&] { return unix_now() > expires + 1; }));
    origin.release();
    CHECK(count_status(lasting.responses(), 200) == 1);
    CHECK(count_status(expiring.responses(), 410) == 2);
    CHECK(origin.requests().size() == 1);
}

TEST_CASE("a link that is revoked while its request waits is refused when it is woken") {
    Following f;
    const auto expires = static_cast<uint64_t>(unix_now()) + 3600;
    Burst lasting(*f.edge, 1, kGet);
    REQUIRE(wait_until(10s, [&] { return f.origin.requests().size() == 1; }));
    const std::string link = "/lid:mine/exp:" + std::to_string(expires) + "/w:1/plain/photo://a";
    Burst revoked(*f.edge, 2, {.url = signed_url(link)});
    wait_for_waiters(*f.edge, f.origin, 2);
    announce_revoked_link(f.redis, "mine", expires);
    // Not by a request of this link: one that comes too early would wait as well.
    REQUIRE(wait_until(10s, [&] { return feed_metric(*f.edge, "revocations") == 1; }));
    f.origin.release();
    CHECK(count_status(lasting.responses(), 200) == 1);
    CHECK(count_status(revoked.responses(), 410) == 2);
    CHECK(f.origin.requests().size() == 1);
}

TEST_CASE("what is purged while it is fetched is fetched anew for those who waited") {
    Following f;
    Burst leader(*f.edge, 1, kGet);
    REQUIRE(wait_until(10s, [&] { return f.origin.requests().size() == 1; }));
    Burst waiters(*f.edge, 5, kGet);
    wait_for_waiters(*f.edge, f.origin, 5);
    announce_purge(f.redis, "a");
    REQUIRE(wait_until(10s, [&] { return feed_metric(*f.edge, "purged_sources") == 1; }));
    f.origin.release();
    CHECK(leader.responses()[0].status == 200);
    CHECK(count_status(waiters.responses(), 200) == 5);
    CHECK(f.origin.requests().size() == 2);
}

TEST_CASE("an expired thumbnail is served stale at once to everyone, while one fetch renews it") {
    SlowOrigin origin({.headers = "Cache-Control: max-age=1\r\n", .body = "old"});
    const Nginx edge(coalescing(origin,
                                "thumb_coalesce on; proxy_cache_use_stale updating;"
                                "proxy_cache_background_update on;"));
    CHECK(edge.get(kGet.url).body == "old");
    origin.hold();
    origin.answer_from_now_on({.body = "new"});
    REQUIRE(wait_until(20s, [&] { return edge.get(kGet.url).header("x-cache") == "STALE"; }));
    Burst burst(edge, 10, kGet);
    for (const Response& response : burst.responses()) CHECK(response.body == "old");
    CHECK(origin.requests().size() == 2);
    origin.release();
    CHECK(wait_until(20s, [&] { return edge.get(kGet.url).body == "new"; }));
    CHECK(origin.requests().size() == 2);
}

TEST_CASE("where stale is not allowed, an expired thumbnail is one fetch again") {
    SlowOrigin origin({.headers = "Cache-Control: max-age=1\r\nETag: \"abc\"\r\n", .body = "old"});
    const Nginx edge(coalescing(origin, "thumb_coalesce on; proxy_cache_revalidate on;"));
    CHECK(edge.get(kGet.url).body == "old");
    REQUIRE(wait_until(20s, [&] { return edge.get(kGet.url).header("x-cache") == "HIT"; }));
    origin.hold();
    const std::string answer = GENERATE("200 OK", "304 Not Modified");
    origin.answer_from_now_on({.status = answer, .headers = "ETag: \"abc\"\r\n", .body = "old"});
    const auto expired = std::chrono::steady_clock::now() + 3s;
    REQUIRE(wait_until(20s, [&] { return std::chrono::steady_clock::now() > expired; }));
    Burst burst(edge, 8, kGet);
    REQUIRE(wait_until(20s, [&] { return origin.requests().size() == 2 && waiting(edge) == 7; }));
    origin.release();
    for (const Response& response : burst.responses()) CHECK(response.body == "old");
    CHECK(origin.requests().size() == 2);
}
