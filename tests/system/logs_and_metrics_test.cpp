// One request can be followed through both logs, and no log can be used to act for anybody.
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

TEST_CASE("edge and backend log a request under one id, trace and session, and no signature or cookie") {
    Stack stack;
    CookieJar jar;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const Response response = stack.get("/api/photos", {{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}}, &jar);
    const std::string id = response.header("x-request-id");
    REQUIRE(stack.get(photo.thumbnails.at(320)).status == 200);

    // A line is written just after its response.
    const auto line_of = [&](const auto& log) {
        json::value found;
        CHECK(wait_until(5s, [&] {
            for (const json::value& line : log()) {
                if (text_at(line, "request_id") == id) found = line;
            }
            return found.is_object();
        }));
        return found;
    };
    const json::value edge = line_of([&] { return stack.access_log(); });
    const json::value backend = line_of([&] { return stack.backend_log(); });
    CHECK_THAT(text_at(edge, "traceparent"), contains(trace));
    CHECK(text_at(backend, "traceparent") == text_at(edge, "traceparent"));
    CHECK(text_at(edge, "session").size() == 16);
    CHECK(text_at(backend, "session") == text_at(edge, "session"));

    std::string all = stack.backend().log();
    all += read_file(stack.dir() / "log/access.log") + stack.edge().error_log();
    CHECK_THAT(all, !contains(jar.value("thumbgate")));
    for (const auto& [width, url] : photo.thumbnails) {
        const size_t begin = url.find("/t/") + 3;
        CHECK_THAT(all, !contains(url.substr(begin, url.find('/', begin) - begin)));
    }
}

TEST_CASE("thumbgate logs shows what a person did, edge and backend by time, and nobody else's") {
    Stack stack;
    CookieJar jar;
    CookieJar other;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    stack.upload(photos::flower(), &other);
    REQUIRE(stack.get(photo.thumbnails.at(320), {}, &jar).status == 200);
    const Response listed = stack.get("/api/photos", {}, &jar);
    const std::string listing = listed.header("x-request-id");
    const std::string edge_log = (stack.dir() / "log/access.log").string();
    const auto logs = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {built("thumbgate").string(), "logs", "--edge", edge_log, "--backend",
                                             (stack.dir() / "log/thumbgated.log").string()});
        return run(arguments);
    };
    const auto count = [](const std::string& text, const std::string& part) {
        std::size_t found = 0;
        for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
        return found;
    };
    RunResult one;
    CHECK(wait_until(5s, [&] { return count((one = logs({"--request", listing})).out, "\n") == 2; }));
    INFO(one.out << one.err);
    CHECK(one.out.find("  backend") < one.out.find("  edge"));
    CHECK(count(one.out, listing) >= 2);

    std::string session;
    for (const json::value& line : stack.access_log()) {
        if (text_at(line, "request_id") == listing) session = text_at(line, "session");
    }
    // The upload that made the session came without one.
    const RunResult all = logs({"--session", session, "--json"});
    INFO(all.out);
    CHECK(count(all.out, R"("log":"edge")") == 2);
    CHECK(count(all.out, R"("log":"backend")") == 2);
    CHECK(count(all.out, session) == 4);

    CHECK(logs({"--request", "nobodys"}).exit_code == 1);
    CHECK_THAT(logs({"--request", "a b"}).err, contains("\"a b\""));
    CHECK_THAT(logs({}).err, contains("--session, --request or --key"));
    CHECK_THAT(
        run({built("thumbgate").string(), "logs", "--request", "a", "--edge", "./none", "--backend", "/dev/null"}).err,
        contains("./none cannot be read"));
}

TEST_CASE("edge and backend count what they did") {
    Stack stack;
    const Uploaded photo = stack.upload(photos::flower());
    const std::string& url = photo.thumbnails.at(320);
    stack.get_cached(url, {{"Accept", kAcceptsWebp}});
    const auto served_from = [&](const std::string& cache) {
        return stack.edge_metric("thumbgate_edge_requests_total",
                                 {{"verdict", "ok"}, {"cache", cache}, {"status_class", "2xx"}});
    };
    CHECK(served_from("HIT") + served_from("HOT") == 1);
    const double misses = served_from("MISS");
    CHECK(misses >= 1);
    CHECK(stack.edge_metric("thumbgate_edge_limit_decisions_total",
                            {{"zone", "thumbnails_per_client"}, {"decision", "allowed"}}) == misses + 1);
    CHECK(stack.backend_metric("thumbgate_backend_conversions_total", {{"format", "webp"}, {"result", "ok"}}) == 1);
    for (const std::string stage : {"queue", "storage", "decode_encode", "total"}) {
        CHECK(stack.backend_metric("thumbgate_backend_stage_duration_seconds_count", {{"stage", stage}}) >= 1);
    }
    CHECK(stack.backend_metric("thumbgate_backend_redis_up") == 1);
}

TEST_CASE("health is the edge's own, readiness a real conversion") {
    Stack stack;
    CHECK(stack.get("/readyz").status == 200);
    stack.edge().expect_log("[error]");
    stack.backend().kill();
    CHECK(stack.get("/healthz").status == 200);
    CHECK(stack.get("/readyz").status >= 500);
}
