// One fetch a key: whoever comes for a thumbnail that is being fetched waits for it, in whatever worker.
#include <algorithm>
#include <chrono>
#include <future>

#include "tests/support/catch.hpp"
#include "tests/support/coalescing.hpp"
#include "tests/support/sockets.hpp"

using namespace thumbgate::test;

namespace {

const std::string kUrl = signed_url("/w:1/plain/photo://a");
const Request kGet{.url = kUrl};

std::vector<Response> get_at_once(const Nginx& edge, size_t clients, const std::string& url = kUrl) {
    return fetch_at_once(std::vector<Request>(clients, {.url = edge.url(url)}));
}

milliseconds median(std::vector<Response> responses) {
    std::ranges::nth_element(responses, responses.begin() + static_cast<std::ptrdiff_t>(responses.size() / 2), {},
                             &Response::elapsed);
    return responses[responses.size() / 2].elapsed;
}

}  // namespace

TEST_CASE(
    "a cold burst of fifty clients is one fetch, and all are answered when it is: hot, too large for it, no hot") {
    for (const auto& [thumbnails, size] :
         {std::pair{kCoalesceHot, size_t{12'000}}, {kCoalesceHot, size_t{300'000}}, {kCoalesceDisk, size_t{12'000}}}) {
        for (const milliseconds delay : {50ms, 200ms}) {
            SlowOrigin origin({.body = std::string(size, 'x'), .delay = delay});
            const Nginx edge(coalescing(origin, thumbnails));
            const auto responses = get_at_once(edge, 50);
            CAPTURE(thumbnails, size, delay.count(), median(responses).count());
            CHECK(count_status(responses, 200) == 50);
            CHECK(std::ranges::all_of(responses, [&](const Response& r) { return r.body.size() == size; }));
            CHECK(origin.requests().size() == 1);
            // A cache lock that is polled answers half a second later.
            CHECK(median(responses) < delay + 400ms);
            CHECK(coalesced(edge, "leader") == 1);
            CHECK(coalesced(edge, "alone") == 0);
        }
    }
}

TEST_CASE("a leader whose client goes away delays nobody") {
    SlowOrigin origin({});
    const Nginx edge(coalescing(origin));
    origin.hold();
    {
        RawConnection leader({.port = edge.port()});
        leader.send("GET " + kUrl + " HTTP/1.1\r\nHost: a\r\n\r\n");
        REQUIRE(wait_until(10s, [&] { return origin.requests().size() == 1; }));
    }
    Burst burst(edge, 6, kGet);
    wait_for_waiters(edge, origin, 6);
    origin.release();
    CHECK(count_status(burst.responses(), 200) == 6);
    CHECK(origin.requests().size() == 1);
}

TEST_CASE("a leader whose client reads slowly delays nobody") {
    SlowOrigin origin({.body = std::string(16'000'000, 'x')});
    NginxConf conf = coalescing(origin);
    conf.graceful = false;
    const Nginx edge(conf);
    origin.hold();
    RawConnection leader({.port = edge.port()});
    leader.send("GET " + kUrl + " HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(wait_until(10s, [&] { return origin.requests().size() == 1; }));
    Burst burst(edge, 4, kGet);
    wait_for_waiters(edge, origin, 4);
    origin.release();
    for (const Response& response : burst.responses()) {
        CHECK(response.status == 200);
        CHECK(response.body.size() == 16'000'000);
    }
    CHECK(origin.requests().size() == 1);
}

TEST_CASE("a waiter whose client goes away waits no more, and the others are served") {
    SlowOrigin origin({});
    const Nginx edge(coalescing(origin));
    origin.hold();
    Burst burst(edge, 3, kGet);
    wait_for_waiters(edge, origin, 2);
    {
        RawConnection impatient({.port = edge.port()});
        impatient.send("GET " + kUrl + " HTTP/1.1\r\nHost: a\r\n\r\n");
        wait_for_waiters(edge, origin, 3);
    }
    wait_for_waiters(edge, origin, 2);
    origin.release();
    CHECK(count_status(burst.responses(), 200) == 3);
    CHECK(origin.requests().size() == 1);
}

TEST_CASE("where the fetch fails, its waiters get that status and are told when to come again") {
    SlowOrigin origin({.status = "503 Service Unavailable", .headers = "Retry-After: 7\r\n"});
    Nginx edge(coalescing(origin));
    edge.expect_log("[error]");
    origin.hold();
    Burst burst(edge, 8, kGet);
    wait_for_waiters(edge, origin, 7);
    origin.release();
    const auto refused = burst.responses();
    CHECK(count_status(refused, 503) == 8);
    CHECK(std::ranges::all_of(refused, [](const Response& r) { return r.header("retry-after") == "7"; }));
    CHECK(std::ranges::count_if(
              refused, [](const Response& r) { return r.header("content-type") == "application/problem+json"; }) == 7);
    CHECK(std::ranges::all_of(refused, [](const Response& r) { return r.header("cache-control") == "no-store"; }));
    CHECK(origin.requests().size() == 1);
    origin.answer_from_now_on({});
    CHECK(edge.get(kUrl).status == 200);
}

TEST_CASE("a backend that closes without an answer, or in the middle of one, is a 502 for its waiters") {
    for (const size_t cut_to : {size_t{0}, size_t{4'000}}) {
        SlowOrigin origin({.body = std::string(8'000, 'x'), .cut_to = cut_to});
        Nginx edge(coalescing(origin));
        edge.expect_log("[error]");
        origin.hold();
        Burst burst(edge, 6, kGet);
        wait_for_waiters(edge, origin, 5);
        origin.release();
        CHECK(count_status(burst.responses(), 502) >= 5);
        CHECK(origin.requests().size() == 1);
    }
}

TEST_CASE("a refusal that is cached is fetched once, with the backend's own words for everyone") {
    SlowOrigin origin({.status = "404 Not Found", .body = "no such photo"});
    const Nginx edge(coalescing(origin, "thumb_coalesce on; proxy_cache_valid 404 10s; proxy_cache_valid 200 1h;"));
    origin.hold();
    Burst burst(edge, 6, kGet);
    wait_for_waiters(edge, origin, 5);
    origin.release();
    for (const Response& response : burst.responses()) {
        CHECK(response.status == 404);
        CHECK(response.body == "no such photo");
    }
    CHECK(origin.requests().size() == 1);
}

TEST_CASE("what no cache keeps is fetched by everyone, at once, and nobody waits for it for the next second") {
    SlowOrigin origin({.headers = "Cache-Control: no-store\r\n"});
    const Nginx edge(coalescing(origin));
    origin.hold();
    Burst burst(edge, 6, kGet);
    wait_for_waiters(edge, origin, 5);
    origin.answer_from_now_on({.headers = "Cache-Control: no-store\r\n", .delay = 300ms});
    origin.release();
    const auto responses = burst.responses();
    CHECK(count_status(responses, 200) == 6);
    CHECK(origin.requests().size() == 6);
    CHECK(std::ranges::max(responses, {}, &Response::elapsed).elapsed < 10s);
}

TEST_CASE("a waiter waits no longer than its timeout, and a fetch that takes longer is tried once more") {
    SlowOrigin origin({});
    const Nginx edge(coalescing(origin, "thumb_coalesce on; thumb_coalesce_timeout 1s;"));
    origin.hold();
    Burst first(edge, 3, kGet);
    wait_for_waiters(edge, origin, 2);
    REQUIRE(wait_until(20s, [&] { return coalesced(edge, "timeout") == 2; }));
    Burst second(edge, 1, kGet);
    REQUIRE(wait_until(20s, [&] { return origin.requests().size() == 2; }));
    origin.release();
    const auto responses = first.responses();
    CHECK(count_status(responses, 504) == 2);
    CHECK(count_status(responses, 200) == 1);
    CHECK(count_status(second.responses(), 200) == 1);
    CHECK(waiting(edge) == 0);
}

TEST_CASE("HEAD, Range and a validator wait for one GET of the whole, whoever leads") {
    const std::array kinds{Request{.url = kUrl}, Request{.url = kUrl, .method = "HEAD"},
                           Request{.url = kUrl, .headers = {{"Range", "bytes=2-4"}}},
                           Request{.url = kUrl, .headers = {{"If-None-Match", "\"abc\""}}}};
    for (size_t leader = 0; leader < kinds.size(); ++leader) {
        SlowOrigin origin({.headers = "ETag: \"abc\"\r\nAccept-Ranges: bytes\r\n", .body = "0123456789"});
        const Nginx edge(coalescing(origin, kCoalesceHot));
        origin.hold();
        Burst first(edge, 1, kinds[leader]);
        REQUIRE(wait_until(10s, [&] { return origin.requests().size() == 1; }));
        Burst get(edge, 1, kinds[0]);
        Burst head(edge, 1, kinds[1]);
        Burst part(edge, 1, kinds[2]);
        Burst revalidation(edge, 1, kinds[3]);
        wait_for_waiters(edge, origin, 4);
        origin.release();
        CAPTURE(leader);
        constexpr std::array statuses{200, 200, 206, 304};
        CHECK(first.responses()[0].status == statuses[leader]);
        CHECK(get.responses()[0].body == "0123456789");
        CHECK(head.responses()[0].header("content-length") == "10");
        CHECK(part.responses()[0].body == "234");
        CHECK(revalidation.responses()[0].status == 304);
        REQUIRE(origin.requests().size() == 1);
        CHECK_THAT(origin.requests()[0], starts_with("GET "));
    }
}

TEST_CASE("where the backend varies its answer, each request gets its own, and each is fetched once") {
    SlowOrigin origin({.headers = "Vary: X-Kind\r\n", .body_for = [](std::string_view head) {
                           return std::string(head.contains("X-Kind: b") ? "for b" : "for a");
                       }});
    const Nginx edge(coalescing(origin, kCoalesceDisk, 1));
    origin.hold();
    Burst first(edge, 3, {.url = kUrl, .headers = {{"X-Kind", "a"}}});
    wait_for_waiters(edge, origin, 2);
    Burst second(edge, 3, {.url = kUrl, .headers = {{"X-Kind", "b"}}});
    wait_for_waiters(edge, origin, 5);
    origin.release();
    for (const Response& response : first.responses()) CHECK(response.body == "for a");
    for (const Response& response : second.responses()) CHECK(response.body == "for b");
    CHECK(origin.requests().size() == 2);
}

TEST_CASE("fetches of different thumbnails wait for nothing but their own") {
    SlowOrigin origin({});
    const Nginx edge(coalescing(origin));
    origin.hold();
    std::vector<Request> requests;
    for (int i = 0; i < 40; ++i) {
        requests.push_back({.url = edge.url(signed_url("/w:" + std::to_string(i + 1) + "/plain/photo://a"))});
    }
    auto answers = std::async(std::launch::async, [&] { return fetch_at_once(requests); });
    REQUIRE(wait_until(20s, [&] { return origin.requests().size() == 40; }));
    origin.release();
    CHECK(count_status(answers.get(), 200) == 40);
}

TEST_CASE("coalescing is off by default, and a timeout of nothing is refused") {
    SlowOrigin origin({});
    const Nginx edge(coalescing(origin, "thumb_formats off;"));
    origin.hold();
    Burst burst(edge, 3, kGet);
    CHECK(wait_until(20s, [&] { return origin.requests().size() == 3; }));
    origin.release();
    CHECK(count_status(burst.responses(), 200) == 3);
    CHECK_THAT(check_conf({.http = "thumb_coalesce_timeout 0;"}).message, contains("must be more than 0"));
    CHECK_THAT(check_conf({.http = "thumb_coalesce maybe;"}).message, contains("\"maybe\""));
}

namespace {

// The little of HTTP/2 that asks and hangs up.
std::string frame(char type, char flags, char stream, const std::string& payload) {
    return std::string{'\0', '\0', static_cast<char>(payload.size()), type, flags, '\0', '\0', '\0', stream} + payload;
}
std::string h2_start() {
    return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, "");
}
std::string h2_get(char stream, const std::string& path) {
    // :method GET and :scheme http by index, :path and :authority as they are.
    const std::string fields = std::string("\x82\x86\x04") + static_cast<char>(path.size()) + path + "\x41\x01" + "a";
    return frame(1, 0x5, stream, fields);
}
std::string h2_reset(char stream) {
    return frame(3, 0, stream, std::string("\0\0\0\x8", 4));
}

// Streams that have ended by the server's word, of `streams` that were asked for.
size_t ended_streams(RawConnection& connection, size_t streams) {
    size_t ended = 0;
    while (ended < streams) {
        const std::string head = connection.read_bytes(9, 20s);
        if (head.size() < 9) break;
        const auto byte = [&](size_t i) { return static_cast<unsigned char>(head[i]); };
        const size_t size = byte(0) * 65536U + byte(1) * 256U + byte(2);
        connection.read_bytes(size, 20s);
        if (byte(3) <= 1 && (byte(4) & 1U) != 0) ++ended;
    }
    return ended;
}

}  // namespace

TEST_CASE("over HTTP/2 a stream that is reset delays nobody, and the streams of one connection wait together") {
    SlowOrigin origin({});
    NginxConf conf = coalescing(origin, kCoalesceHot);
    conf.server += "listen unix:@dir@/run/h2.sock http2;";
    const Nginx edge(conf);
    const Endpoint h2{.unix_socket = edge / "run/h2.sock"};
    origin.hold();
    RawConnection leader(h2);
    leader.send(h2_start() + h2_get(1, kUrl));
    REQUIRE(wait_until(10s, [&] { return origin.requests().size() == 1; }));
    RawConnection waiters(h2);
    waiters.send(h2_start());
    for (char stream = 1; stream < 20; stream += 2) waiters.send(h2_get(stream, kUrl));
    wait_for_waiters(edge, origin, 10);
    waiters.send(h2_reset(3));
    wait_for_waiters(edge, origin, 9);
    leader.send(h2_reset(1));
    // The leader's worker has read the reset when it answers the next stream.
    leader.send(h2_get(3, "/metrics"));
    REQUIRE(ended_streams(leader, 1) == 1);
    origin.release();
    CHECK(ended_streams(waiters, 9) == 9);
    CHECK(origin.requests().size() == 1);
}
