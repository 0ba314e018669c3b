// A limit that charges bad signatures alone ends guessing, and touches nobody else.
#include <map>

#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"
#include "tests/support/json.hpp"
#include "tests/support/sockets.hpp"

using namespace thumbgate::test;

namespace {

constexpr const char* kZones =
    "thumb_limit_zone $binary_remote_addr zone=guesses:1m rate=1r/m;"
    "thumb_limit_zone $arg_client zone=everything:1m rate=1r/m;"
    "set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For; keepalive_requests 100000;";
constexpr const char* kForged = "/t/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/w:1/plain/photo://a";
const Headers kGuesser{{"X-Forwarded-For", "192.0.2.1"}};
const Headers kOther{{"X-Forwarded-For", "192.0.2.2"}};

NginxConf guarded(const Origin& origin, const std::string& limits = "thumb_limit zone=guesses burst=9 on=denied;") {
    return edge_conf(origin, {.http = kZones,
                              .thumbnails = limits,
                              .locations = "location = /metrics { thumb_metrics; } location /api/ {" + limits +
                                           " proxy_pass http://thumbgated; }"});
}

// Statuses of `count` forged URLs from the guesser's address, over one connection.
std::map<int, int> guess(const Nginx& edge, int count) {
    constexpr int kBatch = 50;  // both sides' socket buffers hold so many
    std::map<int, int> statuses;
    RawConnection connection({.port = edge.port()});
    std::string batch;
    for (int i = 0; i < kBatch; ++i) {
        batch += "GET " + std::string(kForged) + std::to_string(i) +
                 " HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n";
    }
    for (int sent = 0; sent < count; sent += kBatch) {
        REQUIRE(connection.send(batch));
        for (int i = 0; i < kBatch; ++i) {
            const Response response = parse_response(connection.read_until("\r\n\r\n", 20s));
            REQUIRE(response.status != 0);
            connection.read_bytes(std::stoul(response.header("content-length")), 20s);
            ++statuses[response.status];
        }
    }
    return statuses;
}

}  // namespace

TEST_CASE("ten thousand forged URLs are limited after ten, and neither others nor that address's good links are") {
    const Origin origin;
    const Nginx edge(guarded(origin));
    const auto statuses = guess(edge, 10'000);
    CHECK(statuses == std::map<int, int>{{403, 10}, {429, 9990}});
    for (int i = 0; i < 20; ++i) {
        REQUIRE(edge.get(signed_url("/w:1/plain/photo://a"), kGuesser).status == 200);
        REQUIRE(edge.get("/api/x", kGuesser).status == 200);
    }
    CHECK(edge.get(kForged, kOther).status == 403);
    CHECK(edge.get(signed_url("/w:1/plain/photo://a"), kOther).status == 200);
    const std::string metrics = edge.get("/metrics").body;
    CHECK_THAT(metrics, contains("thumbgate_edge_limit_decisions_total{zone=\"guesses\",decision=\"allowed\"} 11\n"));
    CHECK_THAT(metrics, contains("thumbgate_edge_limit_decisions_total{zone=\"guesses\",decision=\"limited\"} 9990\n"));
}

TEST_CASE("a guess over the limit is told when to come back") {
    const Origin origin;
    const Nginx edge(guarded(origin, "thumb_limit zone=guesses on=denied;"));
    CHECK_FALSE(edge.get(kForged, kGuesser).headers.has("retry-after"));
    const Response refused = edge.get(kForged, kGuesser);
    CHECK(refused.status == 429);
    CHECK(refused.header("ratelimit-policy") == "\"guesses\";q=1;w=60");
    CHECK(refused.headers.has("retry-after"));
    CHECK(refused.header("cache-control") == "no-store");
    CHECK(text_at(parse_json(refused.body), "type") == "urn:thumbgate:problem:limited");
}

TEST_CASE("only a bad signature is charged: an expired link and one that cannot be read are not") {
    const Origin origin;
    const Nginx edge(guarded(origin, "thumb_limit zone=guesses on=denied;"));
    for (int i = 0; i < 3; ++i) {
        CHECK(edge.get(signed_url("/exp:1000/w:1/plain/photo://a"), kGuesser).status == 410);
        CHECK(edge.get(signed_url("/nonsense:1/plain/photo://a"), kGuesser).status == 400);
    }
    CHECK(edge.get(kForged, kGuesser).status == 403);
}

TEST_CASE("limits of both kinds stand in one location, each for its own requests") {
    const Origin origin;
    const Nginx edge(
        guarded(origin, "thumb_limit zone=guesses burst=1 on=denied; thumb_limit zone=everything burst=4;"));
    const std::string good = signed_url("/w:1/plain/photo://a") + "?client=x";
    const std::string bad = std::string(kForged) + "?client=x";
    CHECK(edge.get(bad, kGuesser).status == 403);
    CHECK(edge.get(bad, kGuesser).status == 403);
    CHECK(edge.get(bad, kGuesser).status == 429);
    CHECK(edge.get(good, kGuesser).status == 200);
    CHECK(edge.get(good, kGuesser).status == 200);
    CHECK(edge.get(good, kGuesser).status == 429);  // the sixth by the other zone
}

TEST_CASE("under satisfy any a client that another rule admits is not limited for its bad signatures") {
    const Origin origin;
    const Nginx edge(guarded(origin,
                             "satisfy any; allow 192.0.2.1; deny all;"
                             "thumb_limit zone=guesses on=denied;"));
    const Headers admitted = kGuesser;
    for (int i = 0; i < 3; ++i) {
        CHECK(edge.get(kForged, admitted).status == 200);
        CHECK(edge.get(kForged, kOther).status == 403);
    }
}

TEST_CASE("a dry run of a limit on denied requests refuses nothing more") {
    const Origin origin;
    const Nginx edge(guarded(origin, "thumb_limit zone=guesses on=denied dry_run;"));
    for (int i = 0; i < 3; ++i) CHECK(edge.get(kForged, kGuesser).status == 403);
    CHECK_THAT(edge.get("/metrics").body,
               contains("thumbgate_edge_limit_decisions_total{zone=\"guesses\",decision=\"dry_run\"} 2\n"));
}

TEST_CASE("what a limit does not take for on is refused by its value") {
    const std::string message =
        check_conf({.http = kZones, .server = "thumb_limit zone=guesses on=everything;"}).message;
    CHECK_THAT(message, contains("on takes denied, not \"everything\""));
}
