// A worker that dies or hangs in the middle of a decision costs nobody else a decision, and no limit its truth.
#include <future>

#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"

using namespace thumbgate::test;

namespace {

NginxConf limited(const Origin& origin, const std::string& rate = "1r/m", const std::string& burst = "burst=4") {
    NginxConf conf = edge_conf(origin, {.http = "thumb_limit_zone $arg_client zone=per_client:1m rate=" + rate + ";",
                                        .locations = "location /api/ { thumb_limit zone=per_client " + burst +
                                                     ";"
                                                     " proxy_pass http://thumbgated; }",
                                        .workers = 2});
    conf.faults = true;
    return conf;
}

int served(const Nginx& edge, int requests, const std::string& client) {
    int count = 0;
    for (int i = 0; i < requests; ++i) count += edge.get("/api/x?client=" + client).status == 200 ? 1 : 0;
    return count;
}

}  // namespace

TEST_CASE("a worker killed between a limit's fingerprint and its arrival time leaves a limit that holds") {
    const Origin origin;
    for (const char* point : {"limit-slot-cleared", "limit-slot-not-charged"}) {
        INFO(point);
        Nginx edge(limited(origin));
        edge.expect_log("exited on signal 9");
        edge.arm_fault(point);
        CHECK(edge.get("/api/x?client=a").status == 0);
        REQUIRE(edge.fault_happened(point));
        CHECK(served(edge, 20, "a") == 5);
        CHECK(served(edge, 20, "b") == 5);
    }
}

TEST_CASE(
    "a worker stopped between fingerprint and arrival time holds up no other, and passes nothing beyond the quota") {
    const Origin origin;
    for (const std::string point : {"limit-slot-cleared", "limit-slot-not-charged"}) {
        INFO(point);
        Nginx edge(limited(origin));
        edge.arm_fault(point, Nginx::Fault::stop);
        auto stopped = std::async(std::launch::async, [&] { return edge.get("/api/x?client=a").status; });
        REQUIRE(wait_until(10s, [&] { return edge.fault_happened(point); }));
        CHECK(served(edge, 20, "a") == 5);
        edge.resume();
        CHECK(stopped.get() == 429);
        CHECK(served(edge, 3, "a") == 0);
    }
}

TEST_CASE("a worker that was held up charges a request when it looks at the limit, not when it woke up") {
    const Origin origin;
    Nginx edge(limited(origin, "1r/s", ""));
    const std::string point = "limit-not-looked-at";
    edge.arm_fault(point, Nginx::Fault::stop);
    auto held_up = std::async(std::launch::async, [&] { return edge.get("/api/x?client=a").status; });
    REQUIRE(wait_until(10s, [&] { return edge.fault_happened(point); }));
    CHECK(served(edge, 1, "a") == 1);
    std::this_thread::sleep_for(1100ms);
    edge.resume();
    CHECK(held_up.get() == 200);
}
