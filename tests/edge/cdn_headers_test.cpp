// What thumbnails say to CDNs and browsers: the same from the backend, from disk, from memory, and in a 304.
#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"

using namespace thumbgate::test;

namespace {

constexpr const char* kBody = "location / { add_header ETag '\"abc\"'; default_type image/webp; return 200 body; }";
const std::string kUrl = signed_url("/w:1/plain/photo://abc");

NginxConf with(const Origin& origin, const std::string& directives, const std::string& locations = {}) {
    return edge_conf(origin, {.http = "thumb_hot_zone hot:4m;",
                              .thumbnails = "thumb_hot hot; thumb_formats webp; " + directives,
                              .locations = locations});
}

// The answers by each way that a thumbnail can come: MISS, HIT (a part is not kept in memory), HOT, 304, 206, HEAD.
std::vector<Response> every_way(const Nginx& edge, Headers headers = {}) {
    std::vector<Response> ways;
    const auto ask = [&](const std::string& method, const Headers& more = {}) {
        Headers all = headers;
        for (const auto& [name, value] : more) all.add(name, value);
        ways.push_back(edge.send({.url = kUrl, .method = method, .headers = all}));
        return ways.back();
    };
    REQUIRE(ask("GET", {{"Range", "bytes=0-1"}}).header("x-cache") == "MISS");
    REQUIRE(wait_until(10s, [&] { return ask("GET").header("x-cache") == "HOT"; }));
    REQUIRE(ask("GET", {{"If-None-Match", "\"abc\""}}).status == 304);
    REQUIRE(ask("GET", {{"Range", "bytes=1-2"}}).status == 206);
    REQUIRE(ask("HEAD").status == 200);
    return ways;
}

Response preflight(const Nginx& edge, const std::string& url, const std::string& origin) {
    return edge.send(
        {.url = url, .method = "OPTIONS", .headers = {{"Origin", origin}, {"Access-Control-Request-Method", "GET"}}});
}

}  // namespace

TEST_CASE("every answer of a thumbnail location forbids sniffing, once, and no other location's does") {
    const Origin origin(
        "location / { add_header ETag '\"abc\"'; add_header X-Content-Type-Options nosniff; return 200 body; }"
        "location ~ plain { add_header ETag '\"abc\"'; return 200 body; }");
    const Nginx edge(with(origin, "", "location /other/ { return 200 x; }"));
    for (const Response& response : every_way(edge)) {
        INFO(response);
        CHECK(response.headers.all("x-content-type-options") == std::vector<std::string>{"nosniff"});
    }
    CHECK(edge.get("/t/wrong/w:1/plain/photo://abc").header("x-content-type-options") == "nosniff");
    CHECK(edge.get(signed_url("/nonsense:1/plain/photo://abc")).header("x-content-type-options") == "nosniff");
    CHECK_FALSE(edge.get("/other/").headers.has("x-content-type-options"));
}

TEST_CASE("a photo's tag is in every answer that a CDN keeps, whatever the size, and in no error") {
    const Origin origin(kBody);
    const Nginx edge(with(origin, "thumb_cache_tag Cache-Tag Surrogate-Key;"));
    for (const Response& response : every_way(edge)) {
        INFO(response);
        CHECK(response.headers.all("cache-tag") == std::vector<std::string>{"photo-abc"});
        CHECK(response.headers.all("surrogate-key") == std::vector<std::string>{"photo-abc"});
        CHECK_FALSE(response.headers.has("edge-cache-tag"));
    }
    CHECK(edge.get(signed_url("/w:2/f:png/plain/photo://abc")).header("cache-tag") == "photo-abc");
    CHECK_FALSE(edge.get("/t/wrong/w:1/plain/photo://abc").headers.has("cache-tag"));
}

TEST_CASE("a source whose name no CDN takes for a tag is tagged by its digest") {
    const Origin origin(kBody);
    const Nginx edge(with(origin, "thumb_cache_tag Edge-Cache-Tag;"));
    const std::string tag = edge.get(signed_url("/w:1/plain/local:///a,b%20c.jpg")).header("edge-cache-tag");
    CHECK_THAT(tag, starts_with("source-"));
    CHECK(tag.size() == 7 + 32);
    CHECK(edge.get(signed_url("/w:2/plain/local:///a,b%20c.jpg")).header("edge-cache-tag") == tag);
    CHECK(edge.get(signed_url("/w:2/plain/local:///other.jpg")).header("edge-cache-tag") != tag);
}

TEST_CASE("any origin may read a thumbnail where that is allowed to all, and caches share it") {
    const Origin origin(kBody);
    const Nginx edge(with(origin, "thumb_cors *;"));
    for (const Response& response : every_way(edge, {{"Origin", "https://a.example"}})) {
        INFO(response);
        CHECK(response.headers.all("access-control-allow-origin") == std::vector<std::string>{"*"});
        CHECK(response.header("cross-origin-resource-policy") == "cross-origin");
        CHECK(response.headers.all("vary") == std::vector<std::string>{"Accept"});
    }
    CHECK(edge.get(kUrl).header("access-control-allow-origin") == "*");
}

TEST_CASE("of a list of origins each gets its own name, and every answer varies by it") {
    const Origin origin(kBody);
    const Nginx edge(with(origin, "thumb_cors https://a.example https://b.example:8443;"));
    for (const Response& response : every_way(edge, {{"Origin", "https://b.example:8443"}})) {
        INFO(response);
        CHECK(response.headers.all("access-control-allow-origin") ==
              std::vector<std::string>{"https://b.example:8443"});
        CHECK(response.headers.all("vary") == std::vector<std::string>{"Accept, Origin"});
        CHECK_FALSE(response.headers.has("access-control-allow-credentials"));
    }
    for (const Headers& others :
         {Headers{}, Headers{{"Origin", "https://c.example"}}, Headers{{"Origin", "https://a.example.evil"}}}) {
        const Response response = edge.get(kUrl, others);
        CHECK_FALSE(response.headers.has("access-control-allow-origin"));
        CHECK(response.header("vary") == "Accept, Origin");
    }
    const Response refused = edge.get("/t/wrong/w:1/plain/photo://abc", {{"Origin", "https://a.example"}});
    CHECK(refused.status == 403);
    CHECK(refused.header("access-control-allow-origin") == "https://a.example");
    CHECK(refused.header("vary") == "Origin");
}

TEST_CASE("a preflight is answered for a signed link of an allowed origin, and without the backend") {
    const Origin origin(kBody);
    const Nginx edge(with(origin, "thumb_cors https://a.example;", "location /plain/ { return 200 x; }"));
    const Response allowed = preflight(edge, kUrl, "https://a.example");
    CHECK(allowed.status == 204);
    CHECK(allowed.body.empty());
    CHECK(allowed.header("access-control-allow-origin") == "https://a.example");
    CHECK(allowed.header("access-control-allow-methods") == "GET, HEAD");
    CHECK(allowed.header("access-control-allow-headers") == "*");
    CHECK(allowed.header("access-control-max-age") == "86400");
    const Response other = preflight(edge, kUrl, "https://c.example");
    CHECK(other.status == 204);
    CHECK_FALSE(other.headers.has("access-control-allow-origin"));
    CHECK_FALSE(other.headers.has("access-control-allow-methods"));
    CHECK(preflight(edge, "/t/wrong/w:1/plain/photo://abc", "https://a.example").status == 403);
    CHECK(edge.send({.url = kUrl, .method = "OPTIONS"}).status == 405);
    CHECK(origin.requests(0, 0ms).empty());
}

TEST_CASE("without thumb_cors there is none of it, and OPTIONS is refused") {
    const Origin origin(kBody);
    const Nginx edge(with(origin, ""));
    CHECK_FALSE(edge.get(kUrl, {{"Origin", "https://a.example"}}).headers.has("access-control-allow-origin"));
    CHECK(preflight(edge, kUrl, "https://a.example").status == 405);
}

TEST_CASE("a timing says what served a thumbnail, and what the backend took where it was asked") {
    const Origin origin(kBody);
    const Nginx edge(with(origin, "thumb_server_timing on; thumb_cors *;"));
    const Response miss = edge.get(kUrl);
    CHECK_THAT(miss.header("server-timing"), starts_with("cache;desc=MISS, edge;dur=") && contains(", backend;dur="));
    CHECK(miss.header("timing-allow-origin") == "*");
    REQUIRE(wait_until(10s, [&] { return edge.get(kUrl).header("x-cache") == "HOT"; }));
    const std::string hot = edge.get(kUrl).header("server-timing");
    CHECK_THAT(hot, starts_with("cache;desc=HOT, edge;dur=") && !contains("backend"));
    const Nginx silent(with(origin, "thumb_server_timing off;"));
    CHECK_FALSE(silent.get(kUrl).headers.has("server-timing"));
}

TEST_CASE("an inner location replaces what an outer one says to CDNs, and inherits the rest") {
    const Origin origin(kBody);
    NginxConf conf = with(origin, "thumb_cors off;");
    conf.http += "thumb_cors *; thumb_cache_tag Cache-Tag;";
    const Nginx edge(conf);
    const Response response = edge.get(kUrl);
    CHECK(response.header("cache-tag") == "photo-abc");
    CHECK_FALSE(response.headers.has("access-control-allow-origin"));
}

TEST_CASE("what no CDN or browser understands is refused by its value") {
    const auto refusal = [](const std::string& http) { return check_conf({.http = http}).message; };
    CHECK_THAT(refusal("thumb_cache_tag X-Tag;"), contains("not \"X-Tag\""));
    CHECK_THAT(refusal("thumb_cors https://a.example/;"), contains("not \"https://a.example/\""));
    CHECK_THAT(refusal("thumb_cors a.example;"), contains("not \"a.example\""));
    CHECK_THAT(refusal("thumb_cors https://A.example;"), contains("not \"https://A.example\""));
    CHECK_THAT(refusal("thumb_cors https://a.example *;"), contains("not \"*\""));
    CHECK_THAT(refusal("thumb_cors *; thumb_cors *;"), contains("is duplicate"));
}
