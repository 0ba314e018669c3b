// What surrounds every handler: who may ask, how errors look, which fields a response carries, what is logged.
#include "backend/http/frontend.hpp"

#include <boost/json.hpp>

#include "backend/http/json.hpp"
#include "backend/units.hpp"
#include "contract/secret.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/prometheus.hpp"
#include "tests/unit/backend_fakes.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace json = boost::json;
using Wanted = thumbgate::Request;
using Answer = thumbgate::Response;

namespace {

constexpr std::string_view kId = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

boost::asio::awaitable<Result<Answer>> ok(Wanted& /*request*/) {
    co_return json_response(200, json::object{});
}
boost::asio::awaitable<Result<Answer>> damaged(Wanted& /*request*/) {
    co_return fail(422, "corrupt", "The picture is damaged.", "for the log: \"quoted\"");
}
boost::asio::awaitable<Result<Answer>> busy(Wanted& /*request*/) {
    co_return fail_unavailable("busy", "Too much to do.");
}
boost::asio::awaitable<Result<Answer>> too_large(Wanted& /*request*/) {
    co_return fail(422, "too_many_frames", "The picture has more than 1000 frames or pages.");
}
boost::asio::awaitable<Result<Answer>> throwing(Wanted& /*request*/) {
    throw std::runtime_error("secret detail");
    co_return Answer{};
}

boost::asio::awaitable<Result<Answer>> patience(Wanted& request) {
    const auto left = request.deadline - std::chrono::steady_clock::now();
    json::object answer;
    answer["ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
    co_return json_response(200, answer);
}

struct Fixture {
    TempDir dir;
    SharedSecret secret{std::string(32, 's')};
    Log log = std::move(*Log::open((dir / "log").string()));
    Metrics metrics{"1.2.3", 2};
    Frontend frontend{Gate(secret.service),
                      Router({{"GET", "/api/ok", RouteKind::api, ok},
                              {"GET", "/api/patience", RouteKind::api, patience},
                              {"GET", "/api/throw", RouteKind::api, throwing},
                              {"GET", "/api/frames", RouteKind::api, too_large},
                              {"GET", "/thumb/damaged", RouteKind::thumbnail, damaged},
                              {"GET", "/thumb/busy", RouteKind::thumbnail, busy},
                              {"GET", "/api/damaged", RouteKind::api, damaged}}),
                      metrics, log, std::chrono::seconds(10)};

    Wanted request(const std::string& target, const std::string& method = "GET") {
        ServiceIdentity identity;
        identity.time = unix_seconds();
        identity.client = "192.0.2.1";
        identity.session = "ffffffffffffffff0000000000000000";
        identity.request_id = kId;
        Wanted request;
        request.method = method;
        request.target = target;
        request.path = target.substr(0, target.find('?'));
        request.headers = {{"Thumb-Auth", sign_service_request(secret.service, method, target, identity)},
                           {"Cookie", "thumbgate=SECRETCOOKIE"},
                           {"Traceparent", std::string(kTrace)}};
        return request;
    }
    Answer ask(Wanted request) { return run_coroutine(frontend.respond(request)); }
    Answer ask(const std::string& target, const std::string& method = "GET") { return ask(request(target, method)); }
    json::object logged() {
        const auto lines = lines_of(read_file(dir / "log"));
        REQUIRE_FALSE(lines.empty());
        return json::parse(lines.back()).as_object();
    }
};

std::string header(const Answer& response, std::string_view name) {
    return std::string(find_header(response.headers, name));
}

}  // namespace

TEST_CASE("an API response is never stored and carries the edge's request id") {
    Fixture f;
    const Answer response = f.ask("/api/ok");
    CHECK(response.status == 200);
    CHECK(header(response, "Cache-Control") == "no-store");
    CHECK(header(response, "X-Request-ID") == kId);
    CHECK(header(response, "X-Content-Type-Options") == "nosniff");
}

TEST_CASE("an error is a problem that says what and why, and keeps the operator's detail back") {
    Fixture f;
    const Answer response = f.ask("/api/damaged");
    CHECK(response.status == 422);
    CHECK(header(response, "Content-Type") == "application/problem+json");
    const auto problem = json::parse(response.body).as_object();
    CHECK(problem.at("type") == "urn:thumbgate:problem:corrupt");
    CHECK(problem.at("title") == "Unprocessable Content");
    CHECK(problem.at("status") == 422);
    CHECK(problem.at("detail") == "The picture is damaged.");
    CHECK(problem.at("request_id") == json::string_view(kId.data(), kId.size()));
    CHECK(response.body.find("for the log") == std::string::npos);
    CHECK(f.logged().at("detail") == "for the log: \"quoted\"");
}

TEST_CASE("a thumbnail's refusal that is the picture's fault is kept briefly, and is about no request") {
    Fixture f;
    const Answer response = f.ask("/thumb/damaged");
    CHECK(header(response, "Cache-Control") == "max-age=10");
    CHECK(header(response, "X-Request-ID").empty());
    CHECK(response.body.find(kId) == std::string::npos);
}

TEST_CASE("a thumbnail's refusal that is ours is not kept, and says when to come again") {
    Fixture f;
    const Answer response = f.ask("/thumb/busy");
    CHECK(response.status == 503);
    CHECK(header(response, "Cache-Control") == "no-store");
    CHECK(header(response, "Retry-After") == "1");
}

TEST_CASE("a handler that throws is a 500 without its words, which are logged") {
    Fixture f;
    const Answer response = f.ask("/api/throw");
    CHECK(response.status == 500);
    CHECK(response.body.find("secret detail") == std::string::npos);
    CHECK(f.logged().at("level") == "error");
    CHECK(f.logged().at("detail") == "secret detail");
}

TEST_CASE("a request that is not from the edge is refused before any route") {
    Fixture f;
    Wanted request = f.request("/api/ok");
    request.headers.erase(request.headers.begin());
    const Answer response = f.ask(request);
    CHECK(response.status == 403);
    CHECK(header(response, "X-Request-ID").size() == 32);
    CHECK(header(response, "X-Request-ID") != kId);
    CHECK(f.logged().at("detail") == "no Thumb-Auth header");
    CHECK_THAT(f.metrics.text(), contains("thumbgate_backend_refused_requests_total{reason=\"not_from_the_edge\"} 1"));
}

TEST_CASE("no such path is 404, a wrong method is 405 and says which are right") {
    Fixture f;
    CHECK(f.ask("/nope").status == 404);
    const Answer response = f.ask("/api/ok", "POST");
    CHECK(response.status == 405);
    CHECK(header(response, "Allow") == "GET, HEAD");
}

TEST_CASE("the log has one JSON object a request, and no cookie, key or signature") {
    Fixture f;
    f.ask("/api/ok?x=1");
    const auto line = f.logged();
    CHECK(line.at("message") == "request");
    CHECK(line.at("request_id") == json::string_view(kId.data(), kId.size()));
    CHECK(line.at("traceparent") == json::string_view(kTrace.data(), kTrace.size()));
    CHECK(line.at("session") == "ffffffffffffffff");
    CHECK(line.at("client") == "192.0.2.1");
    CHECK(line.at("target") == "/api/ok?x=1");
    CHECK(line.at("status") == 200);
    CHECK(line.at("ms").as_object().contains("total"));
    const std::string text = read_file(f.dir / "log");
    CHECK(text.find("SECRETCOOKIE") == std::string::npos);
    CHECK(text.find("mac=") == std::string::npos);
}

TEST_CASE("whatever bytes a target has, its log line is one line of JSON in ASCII") {
    Fixture f;
    Wanted request = f.request("/api/ok");
    request.target = "/\xFF\"\\\n%n{}";
    f.ask(request);
    CHECK(f.logged().at("target") == "/%FF\"\\%0A%n{}");
}

TEST_CASE("only a valid traceparent is logged") {
    CHECK(valid_traceparent(kTrace) == kTrace);
    for (const std::string& bad :
         {std::string(), std::string(kTrace) + "0", replace_all(std::string(kTrace), "00-", "01-"),
          replace_all(std::string(kTrace), "0af", "0AF"), replace_all(std::string(kTrace), "-01", "-0x"),
          "00-" + std::string(32, '0') + "-b7ad6b7169203331-01",
          "00-0af7651916cd43dd8448eb211c80319c-" + std::string(16, '0') + "-01"}) {
        CAPTURE(bad);
        CHECK(valid_traceparent(bad).empty());
    }
}

TEST_CASE("requests are counted by method, route and class of status, with bounded labels") {
    Fixture f;
    f.ask("/api/ok");
    f.ask("/api/ok", "BREW");
    f.ask("/nope/1");
    const std::string text = f.metrics.text();
    CHECK_THAT(text, contains("{method=\"GET\",route=\"/api/ok\",status_class=\"2xx\"} 1"));
    CHECK_THAT(text, contains("{method=\"other\",route=\"none\",status_class=\"4xx\"} 1"));
    CHECK_THAT(text, contains("{method=\"GET\",route=\"none\",status_class=\"4xx\"} 1"));
}

TEST_CASE("a refusal by a limit is counted by that limit, and any other is not") {
    Fixture f;
    const auto frames = [&] {
        return metric(f.metrics.text(), "thumbgate_backend_limit_refusals_total", {{"limit", "frames"}});
    };
    CHECK(frames() == 0);
    f.ask("/api/frames");
    f.ask("/api/damaged");
    CHECK(frames() == 1);
    CHECK(metric(f.metrics.text(), "thumbgate_backend_limit_refusals_total") == 1);
}

TEST_CASE("every metric has help text, and there from the start") {
    const Metrics metrics("1.2.3", 2);
    const std::string text = metrics.text();
    for (const char* name : {"refused_requests_total", "conversions_total", "uploads_total", "stage_duration_seconds",
                             "upload_bytes_total", "redis_up", "queue_depth", "converters_busy", "converters"}) {
        CHECK_THAT(text, contains("# HELP thumbgate_backend_" + std::string(name) + " "));
    }
    CHECK_THAT(text, contains("thumbgate_backend_build_info{version=\"1.2.3\"} 1"));
    for (const char* stage : {"queue", "storage", "decode_encode", "total"}) {
        CHECK_THAT(text, contains("stage_duration_seconds_count{stage=\"" + std::string(stage) + "\"} 0"));
    }
}

TEST_CASE("a rotated log is opened anew") {
    Fixture f;
    f.log.info("before");
    std::filesystem::rename(f.dir / "log", f.dir / "log.1");
    f.log.reopen();
    f.log.info("after");
    CHECK_THAT(read_file(f.dir / "log.1"), contains("before"));
    CHECK_THAT(read_file(f.dir / "log"), contains("after"));
    CHECK(read_file(f.dir / "log").find("before") == std::string::npos);
}

TEST_CASE("a deadline is unix time with up to three decimals, and never further than is configured") {
    using std::chrono::milliseconds;
    constexpr milliseconds kMost{10'000};
    CHECK(time_left("1000.250", 1'000'000, kMost) == milliseconds(250));
    CHECK(time_left("1000.25", 1'000'000, kMost) == milliseconds(250));
    CHECK(time_left("1001", 1'000'000, kMost) == milliseconds(1000));
    CHECK(time_left("1000.007", 1'000'000, kMost) == milliseconds(7));
    CHECK(time_left("999.5", 1'000'000, kMost) == milliseconds(-500));
    CHECK(time_left("9999", 1'000'000, kMost) == kMost);
    for (const char* bad : {"", ".", "1000.", "1000.2505", "-1", "+1000", "1000.-5", "1000.2x", "1e3", " 1000", "soon",
                            "99999999999999999999", "1000.1.1"}) {
        INFO(bad);
        CHECK(time_left(bad, 1'000'000, kMost) == kMost);
    }
}

TEST_CASE("a request has the deadline that the edge names, or the configured time") {
    Fixture f;
    const auto ms_left = [&](const std::string& header) {
        Wanted request = f.request("/api/patience");
        if (!header.empty()) request.headers.push_back({"X-Request-Deadline", header});
        return json::parse(f.ask(std::move(request)).body).as_object().at("ms").to_number<int>();
    };
    CHECK(ms_left("") <= 10'000);
    CHECK(ms_left("") > 5'000);
    CHECK(ms_left(std::to_string(unix_seconds() + 4)) <= 4'000);
    CHECK(ms_left(std::to_string(unix_seconds() + 1000)) <= 10'000);
}

TEST_CASE("a request whose deadline has passed is refused, and no handler sees it") {
    Fixture f;
    Wanted request = f.request("/api/throw");
    request.headers.push_back({"X-Request-Deadline", std::to_string(unix_seconds() - 1)});
    const Answer response = f.ask(std::move(request));
    CHECK(response.status == 503);
    CHECK(header(response, "Retry-After") == "1");
    CHECK(header(response, "Cache-Control") == "no-store");
    CHECK(f.logged().at("error") == "deadline_passed");
    CHECK_THAT(f.metrics.text(), contains("thumbgate_backend_admission_refused_total{reason=\"deadline_passed\"} 1"));
}
