// A backend that fails is left alone for a while: stale thumbnails and a 503 at once instead of waiting for it.
#include <future>

#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"
#include "tests/support/json.hpp"
#include "tests/support/prometheus.hpp"

using namespace thumbgate::test;

namespace {

// An origin whose answer depends on the test's last word.
class MoodyOrigin {
  public:
    void says(const std::string& mood) {
        std::filesystem::remove_all(folder_.path() / "mood");
        write_file(folder_.path() / "mood" / mood, "", 0600);
    }
    Origin& operator*() { return origin_; }
    Origin* operator->() { return &origin_; }

  private:
    std::string rule(const std::string& mood, const std::string& answer) const {
        return "if (-f " + (folder_.path() / "mood" / mood).string() + ") { " + answer + " }\n";
    }

    TempDir folder_;
    Origin origin_{"location / { add_header Cache-Control max-age=1;" + rule("500", "return 500;") +
                   rule("503", "return 503;") + rule("shedding", "add_header Retry-After 1 always; return 503;") +
                   "return 200 body; }"};
};

NginxConf breaking(MoodyOrigin& origin, const std::string& upstream, EdgeConf conf = {}) {
    conf.locations += "location = /metrics { thumb_metrics; } location /api/ { proxy_pass http://thumbgated; }";
    NginxConf nginx = edge_conf(*origin, conf);
    nginx.http = replace_all(nginx.http, origin->upstream(),
                             "upstream thumbgated { server " + origin->address() + "; " + upstream + " }\n");
    return nginx;
}

double metric_of(const Nginx& edge, const std::string& name) {
    return metric(edge.get("/metrics").body, "thumbgate_edge_breaker_" + name, {{"upstream", "thumbgated"}});
}

void get_often(const Nginx& edge, int count, int status) {
    for (int i = 0; i < count; ++i) REQUIRE(edge.get("/api/x").status == status);
}

constexpr int kOpen = 2;
constexpr int kHalfOpen = 1;
constexpr int kClosed = 0;

}  // namespace

TEST_CASE("a breaker opens when the backend fails, in every worker, and says 503 and when to come back") {
    MoodyOrigin origin;
    const Nginx edge(breaking(origin, "thumb_breaker min=4 open=1h;", {.workers = 2}));
    origin.says("500");
    get_often(edge, 4, 500);
    for (int i = 0; i < 8; ++i) {
        const Response refused = edge.get(signed_url("/w:1/plain/photo://a"));
        CHECK(refused.status == 503);
        CHECK(refused.header("retry-after") == "3600");
        CHECK(refused.header("content-type") == "application/problem+json");
        CHECK(refused.headers.all("cache-control") == std::vector<std::string>{"no-store"});
        CHECK(parse_json(refused.body).at("status").as_int64() == 503);
    }
    CHECK(origin->requests(4).size() == 4);
    CHECK(metric_of(edge, "state") == kOpen);
    CHECK(metric_of(edge, "opened_total") == 1);
    CHECK(metric_of(edge, "rejected_total") == 8);
    CHECK_THAT(edge.access_log(), contains(" 503 "));
}

TEST_CASE("fewer failures than the share leave a breaker closed") {
    MoodyOrigin origin;
    const Nginx edge(breaking(origin, "thumb_breaker min=4 failures=60% window=1h open=1h;"));
    get_often(edge, 4, 200);
    origin.says("500");
    get_often(edge, 5, 500);  // 5 of 9
    CHECK(metric_of(edge, "state") == kClosed);
    get_often(edge, 1, 500);  // 6 of 10
    CHECK(metric_of(edge, "state") == kOpen);
}

TEST_CASE("while a breaker is open nginx serves what is stale") {
    MoodyOrigin origin;
    const Nginx edge(breaking(origin, "thumb_breaker min=4 open=1h;", {.thumbnails = "proxy_cache_use_stale error;"}));
    const std::string url = signed_url("/w:1/plain/photo://a");
    REQUIRE(wait_until(10s, [&] { return edge.get(url).header("x-cache") == "HIT"; }));
    origin.says("500");
    REQUIRE(wait_until(10s, [&] { return edge.get("/api/x").status == 503; }));
    REQUIRE(wait_until(10s, [&] { return edge.get(url).header("x-cache") == "STALE"; }));
    const Response stale = edge.get(url);
    CHECK(stale.status == 200);
    CHECK(stale.body == "body");
    CHECK_FALSE(stale.headers.has("retry-after"));
    CHECK(edge.get(signed_url("/w:2/plain/photo://a")).status == 503);
}

TEST_CASE("a breaker closes when the backend is back, whether it refused, timed out or failed") {
    MoodyOrigin origin;
    const Nginx edge(breaking(origin, "thumb_breaker min=4 open=100ms;", {.http = "proxy_read_timeout 200ms;"}));
    const auto opens = [&] {
        edge.get("/api/x");
        return metric_of(edge, "opened_total") > 0;
    };
    const auto closes = [&] { return edge.get("/api/x").status == 200 && metric_of(edge, "state") == kClosed; };
    SECTION("refused") {
        origin->kill();
        CHECK(wait_until(20s, opens));
        origin->start();
    }
    SECTION("timed out") {
        origin->pause();
        CHECK(wait_until(20s, opens));
        origin->resume();
    }
    SECTION("failed") {
        origin.says("503");
        CHECK(wait_until(20s, opens));
        origin.says("nothing");
    }
    CHECK(wait_until(20s, closes));
    get_often(edge, 10, 200);
}

TEST_CASE("a backend that says 503 with Retry-After is answering: its breaker stays closed") {
    MoodyOrigin origin;
    const Nginx edge(breaking(origin, "thumb_breaker min=4 open=1h;"));
    origin.says("shedding");
    get_often(edge, 10, 503);
    CHECK(origin->requests(10).size() == 10);
    CHECK(metric_of(edge, "state") == kClosed);
    origin.says("503");
    get_often(edge, 10, 503);
    CHECK(metric_of(edge, "state") == kOpen);
}

TEST_CASE("slow answers open a breaker though they are good") {
    MoodyOrigin origin;
    const Nginx edge(breaking(origin, "thumb_breaker min=4 slow=100ms open=1h;"));
    const auto opens_in_a_slow_spell = [&] {
        origin->pause();
        auto slow = std::async(std::launch::async,
                               [&] { return fetch_at_once(std::vector<Request>(4, {.url = edge.url("/api/x")})); });
        std::this_thread::sleep_for(300ms);  // the origin's slowness
        origin->resume();
        for (const Response& response : slow.get()) CHECK(response.status == 200);
        return metric_of(edge, "state") == kOpen;
    };
    CHECK(wait_until(20s, opens_in_a_slow_spell));
    CHECK(edge.get("/api/x").status == 503);
}

TEST_CASE("a worker that is killed in a probe leaves no breaker half-open for ever") {
    MoodyOrigin origin;
    Nginx edge(breaking(origin, "thumb_breaker min=4 slow=2s open=100ms probes=1;"));
    origin.says("500");
    get_often(edge, 4, 500);
    origin.says("nothing");
    origin->pause();
    auto probe = std::async(std::launch::async, [&] {
        Response response = edge.get("/api/x");
        while (response.status == 503) response = edge.get("/api/x");
        return response;
    });
    REQUIRE(wait_until(10s, [&] { return metric_of(edge, "state") == kHalfOpen; }));
    edge.kill_worker();
    CHECK(probe.get().status == 0);
    CHECK(metric_of(edge, "state") == kHalfOpen);
    origin->resume();
    CHECK(wait_until(20s, [&] { return edge.get("/api/x").status == 200; }));
    CHECK(metric_of(edge, "state") == kClosed);
}

TEST_CASE("a reload keeps a breaker open") {
    MoodyOrigin origin;
    const NginxConf conf = breaking(origin, "thumb_breaker min=4 open=1h;");
    Nginx edge(conf);
    origin.says("500");
    get_often(edge, 4, 500);
    edge.reload();
    CHECK(edge.get("/api/x").status == 503);
    CHECK(metric_of(edge, "state") == kOpen);
    CHECK(metric_of(edge, "opened_total") == 1);
}

TEST_CASE("a breaker works below every balancing method, above and below keepalive") {
    for (const std::string upstream :
         {"hash $uri consistent; thumb_breaker min=4 open=100ms; keepalive 4;",
          "least_conn; keepalive 4; thumb_breaker min=4 open=100ms;", "random; thumb_breaker min=4 open=100ms;",
          "ip_hash; zone shared 64k; thumb_breaker min=4 open=100ms; keepalive 4;"}) {
        INFO(upstream);
        MoodyOrigin origin;
        const Nginx edge(breaking(origin, upstream,
                                  {.http = "proxy_http_version 1.1; proxy_set_header Connection '';"
                                           "proxy_next_upstream off;"}));
        get_often(edge, 3, 200);
        origin->kill();
        CHECK(wait_until(20s, [&] { return edge.get("/api/x").status == 503; }));
        origin->start();
        CHECK(wait_until(20s, [&] { return edge.get("/api/x").status == 200; }));
        CHECK(wait_until(20s, [&] { return edge.get("/api/x").status == 200 && metric_of(edge, "state") == kClosed; }));
    }
}

TEST_CASE("an error_page of the user's takes the place of a breaker's answer") {
    MoodyOrigin origin;
    const Nginx edge(breaking(origin, "thumb_breaker min=4 open=1h;",
                              {.locations = "location /own/ { error_page 502 =503 @own; proxy_pass http://thumbgated; }"
                                            "location @own { return 503 mine; }"}));
    origin.says("500");
    get_often(edge, 4, 500);
    const Response own = edge.get("/own/x");
    CHECK(own.status == 503);
    CHECK(own.body == "mine");
    CHECK_FALSE(own.headers.has("retry-after"));
}

TEST_CASE("a breaker above the balancing method, or with a value that cannot be, is refused") {
    const auto refusal = [](const std::string& breaker) {
        return check_conf({.http = "upstream thumbgated { " + breaker + " server 127.0.0.1:9; }"}).message;
    };
    CHECK_THAT(refusal("thumb_breaker; hash $uri;"), contains("below the balancing method of upstream \"thumbgated\""));
    CHECK_THAT(refusal("thumb_breaker failures=101%;"), contains("failures takes 1% to 100%, not \"101%\""));
    CHECK_THAT(refusal("thumb_breaker failures=50;"), contains("not \"50\""));
    CHECK_THAT(refusal("thumb_breaker min=0;"), contains("min takes 1 to 1000000, not \"0\""));
    CHECK_THAT(refusal("thumb_breaker probes=16;"), contains("probes takes 1 to 15"));
    CHECK_THAT(refusal("thumb_breaker slow=2h;"), contains("slow takes 1ms to 1h, not \"2h\""));
    CHECK_THAT(refusal("thumb_breaker window;"), contains("window takes 100ms to 1h, not \"\""));
    CHECK_THAT(refusal("thumb_breaker hope=1;"), contains("does not take \"hope=1\""));
    CHECK_THAT(refusal("thumb_breaker; thumb_breaker;"), contains("is duplicate"));
    CHECK(check_conf({.http = "upstream a { server 127.0.0.1:9; thumb_breaker; keepalive 2; }"}).accepted());
}
