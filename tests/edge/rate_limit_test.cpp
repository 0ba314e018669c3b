// A client that asks for more than its rate is told so, how long to wait, and harms nobody else.
#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"
#include "tests/support/json.hpp"

using namespace thumbgate::test;

namespace {

constexpr const char* kZone = "thumb_limit_zone $arg_client zone=per_client:1m rate=1r/m;";

NginxConf limited(const Origin& origin, const std::string& limit, const std::string& zone = kZone) {
    return edge_conf(origin, {.http = zone,
                              .locations = "location /api/ { thumb_problem on; " + limit +
                                           " proxy_pass http://thumbgated$thumb_backend_uri; }"});
}

int count_of(const Nginx& edge, const std::string& target, int requests, int status, const Headers& headers = {}) {
    int count = 0;
    for (int i = 0; i < requests; ++i) count += edge.get(target, headers).status == status ? 1 : 0;
    return count;
}

}  // namespace

TEST_CASE("more than the rate is 429 with the three fields, and other clients are untouched") {
    const Origin origin;
    const Nginx edge(limited(origin, "thumb_limit zone=per_client burst=4;"));
    CHECK(count_of(edge, "/api/x?client=a", 5, 200) == 5);
    const Response refused = edge.get("/api/x?client=a");
    CHECK(refused.status == 429);
    CHECK(refused.header("ratelimit-policy") == "\"per_client\";q=5;w=300");
    CHECK_THAT(refused.header("ratelimit"), starts_with("\"per_client\";r=0;t="));
    const int retry_after = std::stoi(refused.header("retry-after"));
    CHECK(retry_after > 50);
    CHECK(retry_after <= 60);
    CHECK(refused.header("content-type") == "application/problem+json");
    CHECK_THAT(text_at(parse_json(refused.body), "detail"), contains("try again in"));
    CHECK(count_of(edge, "/api/x?client=b", 5, 200) == 5);
}

TEST_CASE("a response that no cache shares says how much is left") {
    const Origin origin;
    const Nginx edge(limited(origin, "thumb_limit zone=per_client burst=4;"));
    CHECK_THAT(edge.get("/api/x?client=a").header("ratelimit"), starts_with("\"per_client\";r=4;"));
    CHECK_THAT(edge.get("/api/x?client=a").header("ratelimit"), starts_with("\"per_client\";r=3;"));
}

TEST_CASE("the fields stay off a thumbnail, which caches share") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, {.http = "thumb_limit_zone $binary_remote_addr zone=per_client:1m rate=1r/m;",
                                        .thumbnails = "thumb_limit zone=per_client burst=1;"}));
    const std::string url = signed_url("/w:1/plain/photo://a");
    CHECK_FALSE(edge.get(url).headers.has("ratelimit"));
    CHECK_FALSE(edge.get(url).headers.has("ratelimit-policy"));
    const Response refused = edge.get(url);
    CHECK(refused.status == 429);
    CHECK(refused.headers.has("ratelimit"));
    CHECK(refused.header("cache-control") == "no-store");
}

TEST_CASE("a client whose key is empty is not limited") {
    const Origin origin;
    const Nginx edge(limited(origin, "thumb_limit zone=per_client;"));
    CHECK(count_of(edge, "/api/x", 10, 200) == 10);
}

TEST_CASE("the rate comes back as time goes by") {
    const Origin origin;
    const Nginx edge(
        limited(origin, "thumb_limit zone=per_client;", "thumb_limit_zone $arg_client zone=per_client:1m rate=5r/s;"));
    CHECK(edge.get("/api/x?client=a").status == 200);
    CHECK(edge.get("/api/x?client=a").status == 429);
    CHECK(wait_until(2s, [&] { return edge.get("/api/x?client=a").status == 200; }));
}

TEST_CASE("a dry run limits nobody and is counted") {
    const Origin origin;
    NginxConf conf = limited(origin, "thumb_limit zone=per_client dry_run;");
    conf.server += "location = /metrics { thumb_metrics; }";
    const Nginx edge(conf);
    CHECK(count_of(edge, "/api/x?client=a", 4, 200) == 4);
    const std::string metrics = edge.get("/metrics").body;
    CHECK_THAT(metrics, contains("thumbgate_edge_limit_decisions_total{zone=\"per_client\",decision=\"dry_run\"} 3"));
    CHECK_THAT(metrics, contains("thumbgate_edge_limit_decisions_total{zone=\"per_client\",decision=\"limited\"} 0"));
}

TEST_CASE("a reload keeps the limits") {
    const Origin origin;
    Nginx edge(limited(origin, "thumb_limit zone=per_client burst=1;"));
    CHECK(count_of(edge, "/api/x?client=a", 3, 200) == 2);
    edge.reload();
    CHECK(edge.get("/api/x?client=a").status == 429);
}

TEST_CASE("workers share one limit") {
    const Origin origin;
    NginxConf conf = limited(origin, "thumb_limit zone=per_client burst=9;");
    conf.workers = 2;
    const Nginx edge(conf);
    std::vector<Request> requests(40, {.url = edge.url("/api/x?client=a")});
    int served = 0;
    for (const Response& response : fetch_at_once(requests)) served += response.status == 200 ? 1 : 0;
    CHECK(served == 10);
}

TEST_CASE("an address is limited after realip, and IPv6 by its /64") {
    const Origin origin;
    NginxConf conf = limited(origin, "thumb_limit zone=per_client;",
                             "thumb_limit_zone $binary_remote_addr zone=per_client:1m rate=1r/m;"
                             "set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;");
    const Nginx edge(conf);
    CHECK(edge.get("/api/x", {{"X-Forwarded-For", "192.0.2.1"}}).status == 200);
    CHECK(edge.get("/api/x", {{"X-Forwarded-For", "192.0.2.1"}}).status == 429);
    CHECK(edge.get("/api/x", {{"X-Forwarded-For", "192.0.2.2"}}).status == 200);
    CHECK(edge.get("/api/x", {{"X-Forwarded-For", "2001:db8::1"}}).status == 200);
    CHECK(edge.get("/api/x", {{"X-Forwarded-For", "2001:db8::ffff:2"}}).status == 429);
    CHECK(edge.get("/api/x", {{"X-Forwarded-For", "2001:db8:0:1::1"}}).status == 200);
}

TEST_CASE("IPv6 counts by its /64 also where a map yields the address, in binary or as text") {
    for (const char* address : {"$binary_remote_addr", "$remote_addr"}) {
        INFO(address);
        const Origin origin;
        const Nginx edge(limited(origin, "thumb_limit zone=per_client;",
                                 "map $request_method $uploader { default ''; POST " + std::string(address) +
                                     "; } thumb_limit_zone $uploader zone=per_client:1m rate=1r/m;"
                                     "set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;"));
        const auto post = [&](const char* from) {
            return edge.send({.url = "/api/x", .method = "POST", .headers = {{"X-Forwarded-For", from}}}).status;
        };
        CHECK(post("2001:db8::1") == 200);
        CHECK(post("2001:db8::ffff:2") == 429);
        CHECK(post("2001:db8:0:1::1") == 200);
        CHECK(post("192.0.2.1") == 200);
        CHECK(post("192.0.2.2") == 200);
        CHECK(post("192.0.2.1") == 429);
        CHECK(count_of(edge, "/api/x", 3, 200, {{"X-Forwarded-For", "2001:db8::1"}}) == 3);
    }
}

TEST_CASE("a zone that is full of other keys still gives an answer") {
    const Origin origin;
    const Nginx edge(
        limited(origin, "thumb_limit zone=per_client;", "thumb_limit_zone $arg_client zone=per_client:32k rate=1r/m;"));
    for (int i = 0; i < 3000; ++i) {
        REQUIRE(edge.get("/api/x?client=" + std::to_string(i)).status == 200);
    }
}
