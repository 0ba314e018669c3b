// Small thumbnails are answered from shared memory: the same bytes, by the same rules, as from disk.
#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"
#include "tests/support/load.hpp"
#include "tests/support/prometheus.hpp"
#include "tests/support/sockets.hpp"

using namespace thumbgate::test;

namespace {

constexpr const char* kBody =
    "location / { add_header ETag '\"abc\"'; add_header Last-Modified 'Thu, 01 Jan 2026 00:00:00 GMT';"
    " add_header Accept-Ranges bytes; default_type image/webp; return 200 0123456789; }";

NginxConf hot_conf(const Origin& origin, const std::string& more = {}, int workers = 1) {
    NginxConf conf = edge_conf(origin, {.http = "thumb_hot_zone hot:4m;" + more,
                                        .thumbnails = "thumb_hot hot;",
                                        .locations = "location = /metrics { thumb_metrics; }",
                                        .workers = workers});
    return conf;
}

}  // namespace

TEST_CASE("the second request for a small thumbnail is answered from memory, as the first was from disk") {
    const Origin origin(kBody);
    const Nginx edge(hot_conf(origin));
    const std::string url = signed_url("/w:1/plain/photo://a");
    const Response miss = edge.get(url);
    CHECK(miss.header("x-cache") == "MISS");
    const Response hot = edge.get(url);
    CHECK(hot.header("x-cache") == "HOT");
    CHECK(hot.header("cache-status") == "thumbgate; hit; detail=hot");
    CHECK(hot.status == 200);
    CHECK(hot.body == miss.body);
    for (const std::string name :
         {"content-type", "content-length", "etag", "last-modified", "cache-control", "accept-ranges"}) {
        INFO(name);
        CHECK(hot.headers.all(name) == miss.headers.all(name));
    }
    CHECK(origin.requests(1).size() == 1);
    CHECK_THAT(edge.get("/metrics").body, contains("thumbgate_edge_hot_hits_total{zone=\"hot\"} 1\n") &&
                                              contains("verdict=\"ok\",cache=\"HOT\",status_class=\"2xx\"} 1"));
}

TEST_CASE("a hot thumbnail is still signed for, revalidated, asked for in parts and by HEAD") {
    const Origin origin(kBody);
    const Nginx edge(hot_conf(origin));
    const std::string url = signed_url("/w:1/plain/photo://a");
    edge.get(url);
    REQUIRE(edge.get(url).header("x-cache") == "HOT");
    CHECK(edge.get("/t/wrong/w:1/plain/photo://a").status == 403);
    CHECK(edge.get(signed_url("/exp:1000/w:1/plain/photo://a")).status == 410);
    CHECK(edge.send({.url = url, .method = "POST"}).status == 405);
    CHECK(edge.get(url, {{"If-None-Match", "\"abc\""}}).status == 304);
    CHECK(edge.get(url, {{"If-None-Match", "\"other\""}}).status == 200);
    CHECK(edge.get(url, {{"If-Modified-Since", "Thu, 01 Jan 2026 00:00:00 GMT"}}).status == 304);
    const Response part = edge.get(url, {{"Range", "bytes=2-4"}});
    CHECK(part.status == 206);
    CHECK(part.body == "234");
    CHECK(part.header("x-cache") == "HOT");
    CHECK(edge.get(url, {{"Range", "bytes=90-"}}).status == 416);
    const Response several = edge.get(url, {{"Range", "bytes=0-1,4-5"}});
    CHECK(several.status == 206);
    CHECK_THAT(several.header("content-type"), contains("multipart/byteranges"));
    const Response head = edge.send({.url = url, .method = "HEAD"});
    CHECK(head.header("x-cache") == "HOT");
    CHECK(head.header("content-length") == "10");
    CHECK(head.body.empty());
}

TEST_CASE("a part, a HEAD, an error and a large object do not get into memory") {
    const Origin origin(std::string(kBody) +
                            "location ~ missing { return 404 no; }"
                            "location ~ large { root .; try_files /large =404; }",
                        {{"large", std::string(40'000, 'x')}});
    const Nginx edge(hot_conf(origin));
    const std::string url = signed_url("/w:1/plain/photo://a");
    CHECK(edge.get(url, {{"Range", "bytes=2-4"}}).body == "234");
    CHECK(edge.get(url).header("x-cache") == "HIT");
    CHECK(edge.get(url).header("x-cache") == "HOT");
    CHECK(edge.get(url).body == "0123456789");
    const std::string large = signed_url("/w:1/plain/photo://large");
    for (int i = 0; i < 3; ++i) CHECK(edge.get(large).body.size() == 40'000);
    CHECK(edge.get(large).header("x-cache") == "HIT");
    const std::string missing = signed_url("/w:1/plain/photo://missing");
    for (int i = 0; i < 3; ++i) CHECK(edge.get(missing).status == 404);
}

TEST_CASE("bodies of every size up to the limit come back whole, also in parts across pages") {
    std::map<std::string, std::string> files;
    std::vector<std::size_t> sizes{1, 2047, 2048, 2049, 4096, 12'345, 32'767, 32'768};
    for (const std::size_t size : sizes) {
        std::string& body = files["f" + std::to_string(size)];
        for (std::size_t i = 0; body.size() < size; ++i) body += std::to_string(i) + ",";
        body.resize(size);
    }
    const Origin origin(R"(root .; location ~ ^/thumb/.*photo:/+(?<name>f\d+)$ { try_files /$name =404; })", files);
    const Nginx edge(hot_conf(origin));
    for (const std::size_t size : sizes) {
        const std::string name = "f" + std::to_string(size);
        const std::string url = signed_url("/w:1/plain/photo://" + name);
        REQUIRE(edge.get(url).body == files[name]);
        const Response hot = edge.get(url);
        CHECK(hot.header("x-cache") == "HOT");
        CHECK(hot.body == files[name]);
        if (size < 4096) continue;
        const Response part = edge.get(url, {{"Range", "bytes=2000-4095"}});
        CHECK(part.header("x-cache") == "HOT");
        CHECK(part.body == files[name].substr(2000, 2096));
    }
}

TEST_CASE("memory is never fresher than the disk, and a stale object is not kept") {
    Origin origin("location / { add_header Cache-Control 'max-age=1'; return 200 body; }");
    NginxConf conf = hot_conf(origin, "proxy_cache_use_stale error timeout;");
    Nginx edge(conf);
    edge.expect_log("[error]");
    const std::string url = signed_url("/w:1/plain/photo://a");
    edge.get(url);
    CHECK(edge.get(url).header("x-cache") == "HOT");
    CHECK(wait_until(5s, [&] { return edge.get(url).header("x-cache") == "EXPIRED"; }));
    origin.kill();
    CHECK(wait_until(5s, [&] { return edge.get(url).header("x-cache") == "STALE"; }));
    CHECK(edge.get(url).header("x-cache") == "STALE");
}

TEST_CASE("the hot cache is kept over a reload and survives workers that are killed") {
    const Origin origin(kBody);
    Nginx edge(hot_conf(origin, "", 2));
    const std::string url = signed_url("/w:1/plain/photo://a");
    edge.get(url);
    edge.reload();
    CHECK(edge.get(url).header("x-cache") == "HOT");
    for (int i = 0; i < 5; ++i) {
        edge.kill_worker();
        CHECK(edge.get(url).body == "0123456789");
    }
    CHECK(edge.get(url).header("x-cache") == "HOT");
    CHECK(origin.requests(1).size() == 1);
}

TEST_CASE("a worker that is killed inside a shard's lock costs the shard's content and nothing else") {
    const Origin origin(kBody);
    NginxConf conf = hot_conf(origin, "", 2);
    conf.faults = true;
    Nginx edge(conf);
    const std::string url = signed_url("/w:1/plain/photo://a");
    const std::string other = signed_url("/w:2/plain/photo://a");
    REQUIRE(wait_until(10s, [&] { return edge.get(url).header("x-cache") == "HOT"; }));
    const std::string point = GENERATE("object-half-stored", "pin-half-taken");
    edge.arm_fault(point);
    const bool is_half_stored = point == "object-half-stored";
    REQUIRE(wait_until(10s, [&] {
        get_once(edge.port(), is_half_stored ? other : url);
        return edge.fault_happened(point);
    }));
    for (int i = 0; i < 20; ++i) {
        CHECK(edge.get(url).body == "0123456789");
        CHECK(edge.get(other).body == "0123456789");
    }
    CHECK(wait_until(10s, [&] { return edge.get(url).header("x-cache") == "HOT"; }));
    CHECK(metric(edge.get("/metrics").body, "thumbgate_edge_hot_emptied_shards_total") == 1);
}

TEST_CASE("a client that reads slowly keeps its body whole while the object is replaced many times") {
    const std::string big(30'000, 'a');
    const Origin origin(
        R"(root .; location ~ photo:/+big { try_files /big =404; } location / { return 200 $request_uri; })",
        {{"big", big}});
    const Nginx edge(hot_conf(origin, "sendfile on;"));
    const std::string url = signed_url("/w:1/plain/photo://big");
    edge.get(url);
    RawConnection slow({.port = edge.port()});
    std::string request;
    for (int i = 0; i < 40; ++i) request += "GET " + url + " HTTP/1.1\r\nHost: a\r\n\r\n";
    slow.send(request);
    for (int i = 0; i < 400; ++i) edge.get(signed_url("/w:" + std::to_string(i + 2) + "/plain/photo://other"));
    size_t bodies = 0;
    for (int i = 0; i < 40; ++i) {
        slow.read_until("\r\n\r\n");
        bodies += slow.read_bytes(big.size()) == big ? 1 : 0;
    }
    CHECK(bodies == 40);
}

TEST_CASE("a hot zone is refused by the value that is wrong") {
    const auto refusal = [](const std::string& http, const std::string& server = {}) {
        return check_conf({.http = http, .server = server}).message;
    };
    CHECK_THAT(refusal("thumb_hot_zone hot:1m;"), contains("at least 2m"));
    CHECK_THAT(refusal("thumb_hot_zone hot;"), contains("NAME:SIZE"));
    CHECK_THAT(refusal("thumb_hot_zone hot:4m max_object=1m;"), contains("not \"1m\""));
    CHECK_THAT(refusal("thumb_hot_zone hot:4m;", "thumb_hot cold;"), contains("\"cold\""));
}
