// A picture that stands in for a better one is fresh for a moment in every cache and for every client.
#include <chrono>
#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"
#include "tests/support/slow_origin.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate::test;

namespace {

constexpr const char* kInterim = "X-Accel-Expires: 2\r\nThumb-Interim: 2\r\nETag: \"a-interim\"\r\n";
constexpr const char* kBrief = "public, max-age=2, s-maxage=2";

NginxConf interim_conf(const SlowOrigin& origin) {
    return edge_conf(origin.upstream(), {.http = "thumb_hot_zone hot:4m;",
                                         .thumbnails = "thumb_formats avif webp; thumb_hot hot; thumb_coalesce on;"
                                                       "proxy_cache_revalidate on; proxy_cache_background_update on;"
                                                       "proxy_cache_use_stale updating error http_503;"});
}

void check_brief(const Response& response, const std::string& cache_control = kBrief) {
    INFO(response);
    CHECK(response.headers.all("cache-control") == std::vector<std::string>{cache_control});
    CHECK_FALSE(response.headers.has("thumb-interim"));
    CHECK_FALSE(response.headers.has("x-accel-expires"));
    // It is not kept in memory, which has nothing to gain by it.
    CHECK(response.header("x-cache") != "HOT");
}

}  // namespace

TEST_CASE("an interim is fresh for a moment whichever cache gives it, and what follows it as long as any") {
    SlowOrigin origin({.headers = kInterim, .body = "interim"});
    const Nginx edge(interim_conf(origin));
    const std::string url = signed_url("/w:1/plain/photo://a");
    const std::string ending = signed_url("/exp:99999999999/w:1/plain/photo://a");
    std::set<std::string> seen;
    const bool all_seen = wait_until(60s, [&] {
        const Response response = edge.get(url);
        check_brief(response);
        seen.insert(response.header("x-cache"));
        check_brief(edge.get(ending), std::string(kBrief) + ", must-revalidate");
        return seen.contains("MISS") && seen.contains("HIT") && seen.contains("STALE");
    });
    CHECK(all_seen);
    check_brief(edge.get(signed_url("/w:2/plain/photo://a")));
    CHECK(edge.get(signed_url("/lid:x/exp:99999999999/w:1/plain/photo://a")).header("cache-control") != kBrief);

    origin.answer_from_now_on({.body = "better"});
    REQUIRE(wait_until(60s, [&] {
        const Response response = edge.get(url);
        if (response.body == "interim") check_brief(response);
        return response.body == "better" && response.header("x-cache") == "HOT";
    }));
    CHECK(edge.get(url).header("cache-control") == "public, max-age=2592000");
    edge.get(url);
}

TEST_CASE("an interim that the backend still has nothing better than stays one") {
    SlowOrigin origin({.headers = kInterim, .body = "interim"});
    const Nginx edge(interim_conf(origin));
    const std::string url = signed_url("/w:1/plain/photo://a");
    check_brief(edge.get(url));
    origin.answer_from_now_on({.status = "304 Not Modified", .headers = kInterim, .body = ""});
    const auto asked_again = [&] { return origin.requests().size() >= 4; };
    REQUIRE(wait_until(60s, [&] {
        const Response response = edge.get(url);
        CHECK(response.body == "interim");
        check_brief(response);
        return asked_again();
    }));
}

TEST_CASE("a mark that is not understood is an interim of no freshness at all") {
    const Origin origin("location / { add_header Thumb-Interim soon; return 200 body; }");
    const Nginx edge(edge_conf(origin));
    CHECK(edge.get(signed_url("/w:1/plain/photo://a")).header("cache-control") == "public, max-age=0, s-maxage=0");
}

TEST_CASE("what memory learns from a disk that was there before is not fresher than the disk") {
    constexpr auto kFresh = 12s;
    const Origin origin("location / { add_header X-Accel-Expires 12; return 200 body; }");
    Nginx edge(edge_conf(origin, {.http = "thumb_hot_zone hot:4m;", .thumbnails = "thumb_hot hot;"}));
    const std::string url = signed_url("/w:1/plain/photo://a");
    edge.get(url);
    const auto stored = std::chrono::steady_clock::now();
    REQUIRE(wait_until(10s, [&] { return edge.get(url).header("x-cache") == "HOT"; }));
    wait_until(4s, [] { return false; });
    edge.quit();
    edge.start();
    REQUIRE(edge.get(url).header("x-cache") == "HIT");
    std::chrono::steady_clock::duration last_hot{};
    CHECK(wait_until(60s, [&] {
        const auto asked = std::chrono::steady_clock::now();
        const std::string cache = edge.get(url).header("x-cache");
        if (cache == "HOT") last_hot = asked - stored;
        return cache == "EXPIRED";
    }));
    CHECK(last_hot > 0s);
    CHECK(last_hot < kFresh + 2s);
}
