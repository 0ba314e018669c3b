// The server on a real socket, byte by byte: limits, deadlines, connections and the drain.
#include "backend/http/server.hpp"

#include <unistd.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/sockets.hpp"
#include "tests/unit/backend_fakes.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace asio = boost::asio;
using Wanted = thumbgate::Request;
using Answer = thumbgate::Response;

namespace {

ServerLimits quick() {
    ServerLimits limits;
    limits.header_timeout = std::chrono::seconds(1);
    limits.idle_timeout = std::chrono::seconds(1);
    limits.body_timeout = std::chrono::seconds(1);
    limits.write_timeout = std::chrono::seconds(1);
    limits.linger_timeout = std::chrono::seconds(3);
    return limits;
}

// A server on a thread of its own. "/echo" answers with the body, "/ignore" does not read it, "/slow" takes a second,
// "/large" answers 8 MiB.
class Running {
  public:
    explicit Running(ServerLimits limits = ServerLimits{}, bool is_adopted = false) {
        const SocketAddress address = UnixAddress{(dir_ / "s").string()};
        if (is_adopted) kept_ = listen_on(dir_ / "s");
        auto listener =
            is_adopted ? Listener::adopt(thumbgate::UniqueFd(::dup(kept_.get())), address) : Listener::open(address);
        REQUIRE(listener);
        server_.emplace(
            io_.get_executor(), std::move(*listener), limits, [this](Wanted& request) { return answer(request); },
            [this](const Error& error) { refused_ += error.code + " "; });
        server_->start();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Running() {
        io_.stop();
        thread_.join();
    }

    // Codes of what was refused before there was a request.
    std::string refused() {
        return asio::post(io_, std::packaged_task<std::string()>([this] { return refused_; })).get();
    }
    Endpoint endpoint() const { return {.unix_socket = dir_ / "s"}; }
    auto send(std::string_view bytes) const { return raw_request(endpoint(), bytes); }

    std::future<void> drain(DrainTimes times) { return asio::co_spawn(io_, server_->drain(times), asio::use_future); }
    std::size_t connections() {
        return asio::post(io_, std::packaged_task<std::size_t()>([this] { return server_->connections(); })).get();
    }

  private:
    asio::awaitable<Answer> answer(Wanted& request) {
        Answer response;
        response.set("X-Target", request.target);
        if (request.path == "/echo") {
            auto body = co_await read_body(*request.body, 1 << 20);
            response.status = body ? 200 : body.error().status;
            response.body = body ? *body : body.error().code;
        } else if (request.path == "/slow") {
            asio::steady_timer timer(io_, std::chrono::seconds(1));
            co_await timer.async_wait(asio::use_awaitable);
            response.body = "slow";
        } else if (request.path == "/large") {
            response.body = std::string(8 << 20, 'x');
        } else {
            response.body = request.method + " " + std::to_string(request.body->announced_bytes().value_or(0));
        }
        co_return response;
    }

    TempDir dir_;
    thumbgate::test::UniqueFd kept_;  // of an adopted socket: as the service manager holds it
    asio::io_context io_{1};
    std::string refused_;
    std::optional<Server> server_;
    std::thread thread_;
};

}  // namespace

TEST_CASE("a request reaches the responder with its target exactly as it was sent") {
    const Running server;
    CHECK(server.send("GET /a//b/%7e?x=%2F HTTP/1.1\r\nHost: x\r\n\r\n").header("X-Target") == "/a//b/%7e?x=%2F");
}

TEST_CASE("a body arrives whole, announced or chunked") {
    const Running server;
    CHECK(server.send("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").body == "hello");
    CHECK(
        server.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n").body ==
        "hello");
    const std::string large(300'000, 'x');
    CHECK(server.send("POST /echo HTTP/1.1\r\nContent-Length: 300000\r\n\r\n" + large).body == large);
}

TEST_CASE("a connection serves one request after the other, also when they come together") {
    const Running server;
    RawConnection connection(server.endpoint());
    connection.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
    CHECK_THAT(connection.read_until("GET 0"), contains("X-Target: /1"));
    CHECK_THAT(connection.read_until("GET 0"), contains("X-Target: /2"));
    connection.send("POST /echo HTTP/1.1\r\nContent-Length: 1\r\n\r\n3GET /4 HTTP/1.1\r\n\r\n");
    CHECK_THAT(connection.read_until("\r\n\r\n3"), contains("X-Target: /echo"));
    CHECK_THAT(connection.read_until("GET 0"), contains("X-Target: /4"));
}

TEST_CASE("a small body that nobody reads does not cost the connection") {
    const Running server;
    RawConnection connection(server.endpoint());
    connection.send("POST /ignore HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}");
    CHECK_THAT(connection.read_until("POST 2"), contains("200"));
    connection.send("GET /2 HTTP/1.1\r\n\r\n");
    CHECK_THAT(connection.read_until("GET 0"), contains("200"));
}

TEST_CASE("a large body that nobody reads still gets its response, then the connection ends") {
    const Running server(quick());
    RawConnection connection(server.endpoint());
    connection.send("POST /ignore HTTP/1.1\r\nContent-Length: 8388608\r\n\r\n");
    CHECK(connection.send(std::string(8 << 20, 'x')));
    CHECK_THAT(connection.read_until("POST 8388608"), contains("Connection: close"));
    CHECK(connection.closed_within(10s));
}

TEST_CASE("a client that waits for 100 Continue gets it where the body is wanted") {
    const Running server;
    RawConnection connection(server.endpoint());
    connection.send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    CHECK_THAT(connection.read_until("\r\n\r\n"), contains("100 Continue"));
    connection.send("hello");
    CHECK_THAT(connection.read_until("\r\n\r\nhello"), contains("200 OK"));
}

TEST_CASE("HEAD has the length of GET's body, and no body") {
    const Running server;
    RawConnection connection(server.endpoint());
    connection.send("HEAD /x HTTP/1.1\r\n\r\nGET /y HTTP/1.1\r\n\r\n");
    const std::string first = connection.read_until("\r\n\r\n");
    CHECK_THAT(first, contains("Content-Length: 6"));
    CHECK(connection.read_bytes(8) == "HTTP/1.1");
}

TEST_CASE("HTTP/1.0 and Connection: close end the connection") {
    const Running server;
    for (const char* request : {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"}) {
        RawConnection connection(server.endpoint());
        connection.send(request);
        CHECK_THAT(connection.read_to_close(), contains("GET 0"));
        CHECK(connection.closed_within(1s));
    }
}

TEST_CASE("what is no HTTP is answered with 400, a header without end with 431") {
    Running server;
    CHECK(server.send("hello there\r\n\r\n").status == 400);
    CHECK(server.send("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n").status == 400);
    CHECK(server.send("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n").status == 431);
    CHECK_THAT(server.refused(), contains("header_too_large"));
    CHECK(server.send("GET / HTTP/1.1\r\n\r\n").status == 200);
}

TEST_CASE("a body that is cut off or malformed is told from one that is complete") {
    const Running server;
    RawConnection connection(server.endpoint());
    connection.send("POST /echo HTTP/1.1\r\nContent-Length: 50\r\n\r\nhello");
    connection.shut_down_sending();
    CHECK_THAT(connection.read_to_close(), contains("incomplete_body"));
    CHECK(server.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").body == "incomplete_body");
}

TEST_CASE("who is slow is not waited for: silent, in the header, in the body") {
    const Running server(quick());
    RawConnection silent(server.endpoint());
    RawConnection header(server.endpoint());
    header.send("GET / HTT");
    RawConnection body(server.endpoint());
    body.send("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel");
    CHECK(silent.closed_within(10s));
    CHECK(header.closed_within(10s));
    CHECK(body.closed_within(10s));
}

TEST_CASE("who does not read the response is not waited for") {
    Running server(quick());
    RawConnection connection(server.endpoint());
    connection.send("GET /large HTTP/1.1\r\n\r\n");
    CHECK(wait_until(900ms, [&] { return server.connections() == 1; }));
    CHECK(wait_until(10s, [&] { return server.connections() == 0; }));
}

TEST_CASE("connections beyond the bound wait until one ends") {
    ServerLimits limits;
    limits.max_connections = 2;
    Running server(limits);
    std::optional<RawConnection> first(server.endpoint());
    RawConnection second(server.endpoint());
    RawConnection third(server.endpoint());
    CHECK(wait_until(2s, [&] { return server.connections() == 2; }));
    third.send("GET /3 HTTP/1.1\r\n\r\n");
    CHECK(third.read_until("GET 0", 200ms).empty());
    first.reset();
    CHECK_THAT(third.read_until("GET 0"), contains("X-Target: /3"));
}

TEST_CASE("a drain without a lame-duck time ends idle connections at once, and finishes what is under way") {
    Running server;
    RawConnection idle(server.endpoint());
    idle.send("GET / HTTP/1.1\r\n\r\n");
    idle.read_until("GET 0");
    RawConnection busy(server.endpoint());
    busy.send("GET /slow HTTP/1.1\r\n\r\n");
    CHECK(wait_until(2s, [&] { return server.connections() == 2; }));
    const auto begin = std::chrono::steady_clock::now();
    auto drained = server.drain({.timeout = 5s});
    CHECK(idle.closed_within(900ms));
    CHECK_THAT(busy.read_until("\r\n\r\nslow"), contains("Connection: close"));
    drained.get();
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
    CHECK_FALSE(accepts_connections(server.endpoint()));
}

TEST_CASE("a drain does not wait longer than it is told") {
    Running server;
    RawConnection busy(server.endpoint());
    busy.send("GET /slow HTTP/1.1\r\n\r\n");
    CHECK(wait_until(2s, [&] { return server.connections() == 1; }));
    const auto begin = std::chrono::steady_clock::now();
    server.drain({.timeout = 50ms}).get();
    CHECK(std::chrono::steady_clock::now() - begin < 900ms);
}

TEST_CASE("a request that came in just before a drain is answered") {
    Running server;
    for (int i = 0; i < 5; ++i) {
        RawConnection warm(server.endpoint());
        warm.send("GET / HTTP/1.1\r\n\r\n");
        warm.read_until("GET 0");
    }
    RawConnection late(server.endpoint());
    late.send("GET /late HTTP/1.1\r\n\r\n");
    auto drained = server.drain({.timeout = 5s});
    CHECK_THAT(late.read_until("GET 0"), contains("X-Target: /late"));
    drained.get();
}

TEST_CASE("in the lame-duck time an idle connection gets one more answer, which says that it is the last") {
    Running server;
    RawConnection used(server.endpoint());
    used.send("GET /1 HTTP/1.1\r\n\r\n");
    CHECK_THAT(used.read_until("GET 0"), contains("200"));
    RawConnection unused(server.endpoint());
    unused.send("GET /1 HTTP/1.1\r\n\r\n");
    CHECK_THAT(unused.read_until("GET 0"), contains("200"));
    const auto begin = std::chrono::steady_clock::now();
    auto drained = server.drain({.lame_duck = 2s, .timeout = 20s});
    CHECK_FALSE(used.closed_within(200ms));
    used.send("GET /2 HTTP/1.1\r\n\r\n");
    const std::string last = used.read_until("GET 0");
    CHECK_THAT(last, contains("X-Target: /2") && contains("Connection: close"));
    CHECK(used.closed_within(10s));
    drained.get();
    CHECK(unused.closed_within(10s));
    CHECK(std::chrono::steady_clock::now() - begin >= 2s);
    CHECK(std::chrono::steady_clock::now() - begin < 20s);
}

TEST_CASE("a drain ends as soon as the last idle connection is closed by the other side") {
    Running server;
    std::optional<RawConnection> idle(server.endpoint());
    idle->send("GET /1 HTTP/1.1\r\n\r\n");
    CHECK_THAT(idle->read_until("GET 0"), contains("200"));
    auto drained = server.drain({.lame_duck = 30s, .timeout = 60s});
    CHECK(drained.wait_for(200ms) == std::future_status::timeout);
    idle.reset();
    CHECK(drained.wait_for(10s) == std::future_status::ready);
}

TEST_CASE("an adopted socket is served in the lame-duck time, and what comes after it is the next process's") {
    Running server({}, true);
    std::optional<RawConnection> idle(server.endpoint());
    idle->send("GET /1 HTTP/1.1\r\n\r\n");
    CHECK_THAT(idle->read_until("GET 0"), contains("200"));
    auto drained = server.drain({.lame_duck = 30s, .timeout = 60s});
    RawConnection meanwhile(server.endpoint());
    meanwhile.send("GET /meanwhile HTTP/1.1\r\n\r\n");
    CHECK_THAT(meanwhile.read_until("GET 0"), contains("X-Target: /meanwhile") && contains("Connection: close"));
    idle.reset();
    drained.get();
    RawConnection late(server.endpoint());
    CHECK(late.send("GET /late HTTP/1.1\r\n\r\n"));
    CHECK_FALSE(late.closed_within(300ms));
}
