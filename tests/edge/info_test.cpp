// Links to descriptions: cached as thumbnails are, under one key whatever the client accepts, and purged with them.
#include "tests/support/catch.hpp"
#include "tests/support/feed.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate::test;

namespace {

const std::string kInfo = "/info:1/plain/photo://a";
constexpr const char* kDescription =
    "location / { add_header ETag '\"abc\"'; default_type application/json; return 200 '{\"id\":\"$request_id\"}'; }";

}  // namespace

TEST_CASE("a description is asked for once by its canonical form, and then comes from memory for every client") {
    const Origin origin(kDescription);
    const Nginx edge(
        edge_conf(origin, {.http = "thumb_hot_zone hot:4m;", .thumbnails = "thumb_formats avif webp; thumb_hot hot;"}));
    const Response miss = edge.get(signed_url(kInfo), {{"Accept", "image/avif"}});
    REQUIRE(miss.status == 200);
    CHECK(miss.header("x-cache") == "MISS");
    CHECK(miss.header("content-type") == "application/json");
    CHECK_THAT(miss.header("cache-control"), contains("public, max-age="));
    CHECK(miss.headers.all("vary").empty());
    CHECK(get_cached(edge, signed_url(kInfo)).body == miss.body);
    const Response other = edge.get(signed_url("/exp:4000000000/info:true/cGhvdG86Ly9h"), {{"Accept", "image/webp"}});
    CHECK(other.header("x-cache") == "HOT");
    CHECK(other.body == miss.body);
    CHECK(other.header("content-type") == "application/json");
    CHECK(edge.get(signed_url(kInfo), {{"If-None-Match", "\"abc\""}}).status == 304);
    CHECK(origin.requests(1) == std::vector<std::string>{"GET /thumb/info:1/plain/photo://a"});
}

TEST_CASE("a photo's description and its thumbnail have keys of their own, and a purge takes both") {
    const Origin origin(kHotBody);
    const Redis redis;
    announce_begin(redis);
    const Nginx edge(feed_conf(origin, redis.socket()));
    wait_until_following(edge);
    const std::string info = get_cached(edge, signed_url(kInfo)).body;
    const std::string picture = get_cached(edge, signed_url("/plain/photo://a")).body;
    CHECK(info != picture);
    announce_purge(redis, "a");
    CHECK(wait_until(10s, [&] { return edge.get(signed_url(kInfo)).body != info; }));
    CHECK(wait_until(10s, [&] { return edge.get(signed_url("/plain/photo://a")).body != picture; }));
}

TEST_CASE("a description that is asked for like a picture, or without a signature, is refused") {
    const Origin origin(kDescription);
    const Nginx edge(edge_conf(origin));
    const Response both = edge.get(signed_url("/info:1/w:300/plain/photo://a"));
    CHECK(both.status == 400);
    CHECK_THAT(both.body, contains("urn:thumbgate:problem:bad_argument") && contains("info"));
    CHECK(edge.get("/t/wrong" + kInfo).status == 403);
    CHECK(edge.get(signed_url("/exp:1000" + kInfo)).status == 410);
    CHECK(origin.requests(0).empty());
}

TEST_CASE("where links name presets alone, a preset may be a description") {
    const Origin origin(kDescription);
    const Nginx edge(edge_conf(
        origin, {.thumbnails = "thumb_preset default w:300; thumb_preset about info:1; thumb_presets_only on;"}));
    CHECK(edge.get(signed_url("/about/plain/photo://a")).header("content-type") == "application/json");
    CHECK(edge.get(signed_url(kInfo)).status == 400);
    CHECK(origin.requests(1) == std::vector<std::string>{"GET /thumb/info:1/plain/photo://a"});
}
