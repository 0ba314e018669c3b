// One cached object serves every link to the same picture, and each response says what may be done with it.
#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"

using namespace thumbgate::test;

namespace {

const Headers kModern{{"Accept", "image/avif,image/webp,*/*"}};
const Headers kOld{{"Accept", "image/jpeg"}};

}  // namespace

TEST_CASE("one cache entry serves a picture whatever the order, the synonyms, the expiry and the key") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, {.keys = kKey.line() + std::string(kOtherKey.line())}));
    CHECK(edge.get(signed_url("/rs:fill:300:400/q:80/plain/photo://abc")).header("x-cache") == "MISS");
    for (const std::string path :
         {"/q:80/rs:fill:300:400/plain/photo://abc", "/w:300/h:400/rt:fill/quality:80/plain/photo%3a//abc",
          "/exp:99999999999/q:80/g:ce/el:0/dpr:1/rs:fill:300:400/plain/photo://abc",
          "/w:1/rs:fill:300:400/q:80/cGhv/dG86Ly9hYmM"}) {
        INFO(path);
        CHECK(edge.get(signed_url(path)).header("x-cache") == "HIT");
        CHECK(edge.get(signed_url(path, kOtherKey)).header("x-cache") == "HIT");
    }
    CHECK(origin.requests(1).size() == 1);
}

TEST_CASE("clients share an object by what they accept, and Vary says so only where the format was negotiated") {
    const Origin origin;
    const Nginx edge(edge_conf(origin));
    const std::string url = signed_url("/w:300/plain/photo://abc");
    const Response modern = edge.get(url, kModern);
    CHECK_THAT(modern.body, contains("/accept:avif+webp/"));
    CHECK(modern.headers.all("vary") == std::vector<std::string>{"Accept"});
    CHECK_THAT(edge.get(url, kOld).body, contains("/accept:base/"));
    CHECK(edge.get(url, {{"Accept", "text/html, IMAGE/WEBP;q=0.5 ,image/avif ; q=1"}}).header("x-cache") == "HIT");
    CHECK_THAT(edge.get(url, {{"Accept", "image/avif;q=0.0, image/webp"}}).body, contains("/accept:webp/"));
    const Response named = edge.get(signed_url("/w:300/plain/photo://abc@webp"), kOld);
    CHECK_THAT(named.body, contains("/f:webp/"));
    CHECK_FALSE(named.headers.has("vary"));
}

TEST_CASE("what the backend tells the edge's cache is not what the client is told") {
    const Origin origin(
        "location / { add_header Cache-Control 'max-age=60'; add_header Expires 'soon';"
        " add_header ETag '\"abc\"'; return 200 body; }");
    const Nginx edge(edge_conf(origin, {.thumbnails = "thumb_max_age 1h; expires 5m; add_header Cache-Control mine;"}));
    const std::string url = signed_url("/w:300/plain/photo://abc");
    const Response response = edge.get(url);
    CHECK(response.headers.all("cache-control") == std::vector<std::string>{"public, max-age=3600"});
    CHECK_FALSE(response.headers.has("expires"));
    const Response unchanged = edge.get(url, {{"If-None-Match", "\"abc\""}});
    CHECK(unchanged.status == 304);
    CHECK(unchanged.header("cache-control") == "public, max-age=3600");
    CHECK(unchanged.header("x-cache") == "HIT");
    CHECK(unchanged.body.empty());
}

TEST_CASE("a response says what served it") {
    const Origin origin("location / { add_header Cache-Control 'max-age=1'; return 200 body; }");
    Nginx edge(edge_conf(origin, {.thumbnails = "proxy_cache_use_stale error timeout;"}));
    const std::string url = signed_url("/w:300/plain/photo://abc");
    const Response miss = edge.get(url);
    CHECK(miss.header("x-cache") == "MISS");
    CHECK(miss.header("cache-status") == "thumbgate; fwd=uri-miss");
    const Response hit = edge.get(url);
    CHECK(hit.header("x-cache") == "HIT");
    CHECK(hit.header("cache-status") == "thumbgate; hit");
    CHECK(wait_until(5s, [&] { return edge.get(url).header("x-cache") == "EXPIRED"; }));
}

TEST_CASE("a picture outlives its backend, and a refusal of the backend is kept by nobody") {
    Origin origin(
        "location / { add_header Cache-Control 'max-age=1'; return 200 body; }"
        "location ~ missing { return 404; }");
    Nginx edge(edge_conf(origin, {.thumbnails = "proxy_cache_use_stale error timeout;"}));
    edge.expect_log("[error]");
    const std::string url = signed_url("/w:300/plain/photo://abc");
    REQUIRE(edge.get(url).status == 200);
    CHECK(edge.get(signed_url("/w:300/plain/photo://missing")).header("cache-control") == "no-store");
    origin.kill();
    CHECK(wait_until(5s, [&] { return edge.get(url).header("x-cache") == "STALE"; }));
    CHECK(edge.get(url).body == "body");
    const Response uncached = edge.get(signed_url("/w:301/plain/photo://abc"));
    CHECK(uncached.status == 502);
    CHECK(uncached.header("content-type") == "application/problem+json");
    CHECK(uncached.header("cache-control") == "no-store");
}

TEST_CASE("HEAD and Range are answered from the cached object") {
    const Origin origin("location / { add_header Accept-Ranges bytes; return 200 0123456789; }");
    const Nginx edge(edge_conf(origin));
    const std::string url = signed_url("/w:300/plain/photo://abc");
    const Response head = edge.send({.url = url, .method = "HEAD"});
    CHECK(head.status == 200);
    CHECK(head.header("content-length") == "10");
    CHECK(head.body.empty());
    const Response part = edge.get(url, {{"Range", "bytes=2-4"}});
    CHECK(part.status == 206);
    CHECK(part.body == "234");
    CHECK(part.header("x-cache") == "HIT");
}
