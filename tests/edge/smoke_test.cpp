// A stock nginx and the fixtures themselves, before anything of ours is looked at.
#include "tests/support/catch.hpp"
#include "tests/support/nginx.hpp"
#include "tests/support/origin.hpp"
#include "tests/support/redis.hpp"

using namespace thumbgate::test;

TEST_CASE("a stock nginx answers on its free port and reloads") {
    Nginx nginx({.server = R"(location / { return 200 "first"; })", .workers = 2, .module = false});
    CHECK(nginx.get("/").body == "first");
    CHECK(nginx.worker_pids().size() == 2);

    nginx.reload({.server = R"(location / { return 200 "second"; })", .module = false});
    CHECK(nginx.get("/").body == "second");
    CHECK(nginx.worker_pids().size() == 1);
}

TEST_CASE("a reload that nginx refuses leaves the running configuration") {
    Nginx nginx({.server = R"(location / { return 200 "first"; })", .module = false});
    const std::string message = nginx.reload_refused({.server = "no_such_directive;", .module = false});
    CHECK_THAT(message, contains("unknown directive \"no_such_directive\""));
    CHECK(nginx.get("/").body == "first");
}

TEST_CASE("nginx -t says why it refuses a configuration") {
    const ConfCheck good = check_conf({.server = "location / { return 204; }", .module = false});
    CHECK(good.accepted());
    const ConfCheck bad = check_conf({.server = "location / { return nonsense; }", .module = false});
    CHECK(bad.exit_code == 1);
    CHECK_THAT(bad.message, contains("[emerg]") && contains("nonsense"));
}

TEST_CASE("nginx serves again after a worker was killed and after it was killed as a whole") {
    Nginx nginx({.server = "location / { return 204; }", .module = false});
    nginx.kill_worker();
    CHECK(nginx.get("/").status == 204);
    nginx.kill();
    CHECK(nginx.get("/").status == 0);
    nginx.start();
    CHECK(nginx.get("/").status == 204);
}

TEST_CASE("an edge proxies to an origin, which tells what it was asked") {
    Origin origin;
    Nginx edge({.http = origin.upstream("app"),
                .server = "location / { proxy_pass http://app; proxy_set_header Thumb-Auth given; "
                          "proxy_read_timeout 200ms; }",
                .module = false});
    CHECK_THAT(edge.get("/a//b/../c?d=%2f").body, contains("GET /a//b/../c?d=%2f|given|"));
    CHECK(origin.requests(1) == std::vector<std::string>{"GET /a//b/../c?d=%2f"});

    origin.pause();
    CHECK(edge.get("/").status == 504);
    origin.resume();
    origin.kill();
    CHECK(edge.get("/").status == 502);
    origin.start();
    CHECK(edge.get("/").status == 200);
}

TEST_CASE("raw bytes reach nginx as they are") {
    Nginx nginx({.server = R"(location / { return 200 "$request_uri"; })", .module = false});
    CHECK(nginx.raw("GET / HTTP/1.1\r\n\r\n").status == 400);  // no Host
    const Response odd = nginx.raw("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(odd.status == 400);
    const Response fine = nginx.raw("GET //a/%41 HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(fine.body == "//a/%41");
    CHECK(fine.header("content-type") == "text/plain");
}

TEST_CASE("redis keeps its data over a kill, and hangs while it is paused") {
    Redis redis;
    CHECK(redis.command({"SET", "a", "1"}) == "OK");
    redis.restart();
    CHECK(redis.command({"GET", "a"}) == "1");
    redis.pause();
    RawConnection waiting({.unix_socket = redis.socket()});
    waiting.send("PING\r\n");
    CHECK(waiting.read_until("\r\n", 100ms).empty());
    redis.resume();
    CHECK(waiting.read_until("\r\n") == "+PONG\r\n");
}
