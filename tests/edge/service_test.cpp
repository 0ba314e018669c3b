// What the edge tells the backend of a request, and what it writes into its own logs.
#include <ctime>
#include <map>

#include "contract/secret.hpp"
#include "contract/service_auth.hpp"
#include "contract/session_cookie.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"
#include "tests/support/json.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate::test;
using thumbgate::SharedSecret;

namespace {

constexpr const char* kPath = "/w:300/plain/photo://abc";
constexpr const char* kApi =
    "location /api/ { proxy_pass http://thumbgated$thumb_backend_uri;"
    " proxy_set_header Thumb-Auth $thumb_service_auth;"
    " proxy_set_header Traceparent $thumb_traceparent; }";

std::uint64_t now() {
    return static_cast<std::uint64_t>(std::time(nullptr));
}

SharedSecret secret() {
    const TempDir dir;
    write_file(dir / "secret", kSecret, 0600);
    return *SharedSecret::read_file(dir / "secret");
}

// The echo of the origin: "METHOD target|Thumb-Auth|Traceparent|Host".
struct Echo {
    std::string method, target, auth, traceparent;
    explicit Echo(const std::string& body) {
        std::vector<std::string> parts{""};
        for (const char c : body) c == '|' ? parts.emplace_back() : parts.back().append(1, c);
        REQUIRE(parts.size() == 4);
        method = parts[0].substr(0, parts[0].find(' '));
        target = parts[0].substr(parts[0].find(' ') + 1);
        auth = parts[1];
        traceparent = parts[2];
    }
    auto verify() const { return verify_service_request(secret().service, method, target, auth, now()); }
};

}  // namespace

TEST_CASE("the service MAC is right for a thumbnail, for HEAD, and for an API call with its query") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, {.locations = kApi}));
    const auto thumbnail = Echo(edge.get(signed_url(kPath)).body).verify();
    REQUIRE(thumbnail);
    CHECK(thumbnail->client == "127.0.0.1");
    CHECK(thumbnail->session.empty());
    // nginx asks with GET on behalf of a HEAD, and caches what it gets.
    REQUIRE(edge.send({.url = signed_url("/w:301/plain/photo://abc"), .method = "HEAD"}).status == 200);
    CHECK(Echo(edge.get(signed_url("/w:301/plain/photo://abc")).body).verify());
    const Echo api(edge.get("/api/photos?cursor=a%2Fb").body);
    CHECK(api.target == "/api/photos?cursor=a%2Fb");
    CHECK(api.verify());
    CHECK(Echo(edge.send({.url = "/api/photos", .method = "POST", .body = "x"}).body).verify());
}

TEST_CASE("a session's cookie becomes its hash, and a forged or expired one becomes nothing") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, {.locations = kApi}));
    const SharedSecret keys = secret();
    const auto session_for = [&](const std::string& cookie) {
        const auto identity = Echo(edge.get("/api/x", {{"Cookie", cookie}}).body).verify();
        REQUIRE(identity);
        return identity->session;
    };
    const auto token = thumbgate::new_session_token(now() + 100);
    const std::string text = encode_session_token(keys.cookie, token);
    CHECK(session_for("a=b; thumbgate=" + text) == token.hash());
    CHECK(session_for("thumbgate=forged; thumbgate=" + text) == token.hash());
    CHECK(session_for("other=" + text).empty());
    std::string forged = text;
    forged[0] = forged[0] == 'A' ? 'B' : 'A';
    CHECK(session_for("thumbgate=" + forged).empty());
    const auto old = thumbgate::new_session_token(now() - 1);
    CHECK(session_for("thumbgate=" + encode_session_token(keys.cookie, old)).empty());
}

TEST_CASE("a trace is continued where it is well-formed, and started where it is not") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, {.locations = kApi}));
    const auto sent = [&](const std::string& given) {
        return Echo(edge.get("/api/x", {{"traceparent", given}}).body).traceparent;
    };
    const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const std::string continued = sent("00-" + trace + "-00f067aa0ba902b7-00");
    CHECK_THAT(continued, starts_with("00-" + trace + "-") && ends_with("-00"));
    CHECK_THAT(continued, !contains("00f067aa0ba902b7"));
    for (const std::string& bad :
         {std::string("nonsense"), "00-" + trace + "-0000000000000000-01",
          "00-" + std::string(32, '0') + "-00f067aa0ba902b7-01", "00-" + trace + "-00F067AA0BA902B7-01"}) {
        const std::string started = sent(bad);
        CHECK(started.size() == 55);
        CHECK_THAT(started, !contains(trace) && !contains(std::string(32, '0')));
    }
}

TEST_CASE("no log of the edge holds a signature, not even where the backend fails") {
    Origin origin;
    Nginx edge(edge_conf(origin, {.http = "log_format all '$request|$thumb_uri_redacted|$thumb_verdict|$thumb_session';"
                                          "access_log log/access.log all;"}));
    const std::string url = signed_url(kPath);
    const std::string signature = signature_of(kPath);
    REQUIRE(edge.get(url + "?secret=1").status == 200);
    REQUIRE(edge.get(signed_url("/zzz:1/plain/photo://a")).status == 400);
    origin.kill();
    REQUIRE(edge.get(signed_url("/w:302/plain/photo://abc")).status == 502);
    CHECK_THAT(edge.access_log(),
               contains("GET /t/-/w:300/plain/photo://abc HTTP/1.1|/t/-/w:300/plain/photo://abc|ok|-"));
    CHECK_THAT(edge.access_log(), contains("|unknown_option|"));
    CHECK_THAT(edge.error_log(), contains("/t/-/w:302/plain/photo://abc"));
    for (const std::string& log : {edge.access_log(), edge.error_log()}) {
        CHECK_THAT(log, !contains(signature) && !contains("secret=1") &&
                            !contains(signature_of("/w:302/plain/photo://abc")) &&
                            !contains(signature_of("/zzz:1/plain/photo://a")));
    }
}

TEST_CASE("the metrics count requests by verdict, class and cache, in Prometheus text") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, {.locations = "location = /metrics { thumb_metrics; }", .workers = 2}));
    // nginx stores an object after its response has left: until then a request is another miss.
    std::map<std::string, int> seen;
    REQUIRE(wait_until(20s, [&] {
        ++seen[edge.get(signed_url(kPath)).header("x-cache")];
        return seen["HIT"] == 2;
    }));
    const std::string misses = std::to_string(seen["MISS"]);
    REQUIRE(edge.get("/t/wrong" + std::string(kPath)).status == 403);
    // A request counts when it is logged, which its client may be faster than.
    Response response;
    REQUIRE(wait_until(20s, [&] {
        response = edge.get("/metrics");
        return response.body.find("bad_signature") != std::string::npos;
    }));
    CHECK_THAT(response.header("content-type"), starts_with("text/plain; version=0.0.4"));
    CHECK_THAT(
        response.body,
        contains("# HELP thumbgate_edge_requests_total ") &&
            contains("# TYPE thumbgate_edge_request_duration_seconds histogram") &&
            contains("thumbgate_edge_requests_total{verdict=\"ok\",cache=\"HIT\",status_class=\"2xx\"} 2") &&
            contains("thumbgate_edge_requests_total{verdict=\"ok\",cache=\"MISS\",status_class=\"2xx\"} " + misses) &&
            contains("{verdict=\"bad_signature\",cache=\"none\",status_class=\"4xx\"} 1") &&
            contains("thumbgate_edge_request_duration_seconds_count{cache=\"HIT\"} 2"));
    CHECK(edge.send({.url = "/metrics", .method = "POST", .body = "x"}).status == 405);
    CHECK(edge.send({.url = "/metrics", .method = "HEAD"}).status == 200);
}

TEST_CASE("the backend is told until when its answer is waited for, from when it is asked") {
    const Origin origin("location / { return 200 '$http_x_request_deadline $msec'; }");
    const Nginx edge(edge_conf(
        origin, {.locations = "location /api/ { proxy_pass http://thumbgated$thumb_backend_uri;"
                              " proxy_set_header X-Request-Deadline $thumb_deadline; thumb_deadline 1500ms; }"}));
    const std::string body = edge.get("/api/x").body;
    const std::string deadline = body.substr(0, body.find(' '));
    CHECK(deadline.substr(deadline.find('.')).size() == 4);
    const double left = std::stod(deadline) - std::stod(body.substr(body.find(' ')));
    CHECK(left > -10);
    CHECK(left <= 1.501);
    // A body that takes its time on its way to the edge takes nothing from it.
    RawConnection slow(Endpoint{.port = edge.port()});
    slow.send("POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1");
    std::this_thread::sleep_for(1600ms);  // the uplink's slowness
    const double asked = static_cast<double>(now());
    slow.send("2");
    slow.read_until("\r\n\r\n", 10s);
    CHECK(std::stod(slow.read_bytes(14, 10s)) >= asked + 1);
}
