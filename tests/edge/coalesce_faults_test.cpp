// Whoever dies, and whenever, nobody waits for him: workers killed at each point of a fetch, at random, and replaced by
// reloads, under load.
#include <atomic>
#include <functional>
#include <mutex>
#include <random>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/coalescing.hpp"

using namespace thumbgate::test;

namespace {

constexpr milliseconds kLong = 10s;  // a third of the waiters' timeout: nobody waited for that
const std::string kUrl = signed_url("/w:1/plain/photo://a");

NginxConf faulty(const std::string& upstream) {
    NginxConf conf = edge_conf(upstream, {.http = "thumb_hot_zone hot:4m; keepalive_timeout 0;",
                                          .thumbnails = "thumb_hot hot; thumb_coalesce on;",
                                          .locations = "location = /metrics { thumb_metrics; access_log off; }",
                                          .workers = 3});
    conf.faults = true;
    return conf;
}

// Clients that never stop asking, for one thumbnail or another, until told to.
class Load {
  public:
    Load(const Nginx& edge, int clients) {
        for (int i = 0; i < clients; ++i) {
            threads_.emplace_back([this, &edge, i](const std::stop_token& stop) { run(edge, i, stop); });
        }
    }
    void stop() { threads_.clear(); }
    int answered() const { return answered_; }
    int broken() const { return broken_; }  // the connection ended without an answer
    int wrong() const { return wrong_; }    // another status than 200, or another body
    milliseconds slowest() const { return milliseconds(slowest_); }

  private:
    void run(const Nginx& edge, int client, const std::stop_token& stop) {
        std::mt19937 random(static_cast<unsigned>(client));
        while (!stop.stop_requested()) {
            // Every client is at about the same thumbnail: most requests lead or wait.
            const int width = 1 + answered_ / 8;
            const Response response = edge.get(signed_url("/w:" + std::to_string(width) + "/plain/photo://load"));
            int64_t slowest = slowest_;
            while (response.elapsed.count() > slowest &&
                   !slowest_.compare_exchange_weak(slowest, response.elapsed.count())) {
            }
            if (response.status == 0) {
                ++broken_;
            } else {
                ++answered_;
                if (response.status != 200 || response.body != "thumbnail") ++wrong_;
            }
        }
    }

    std::atomic<int> answered_ = 0;
    std::atomic<int> broken_ = 0;
    std::atomic<int> wrong_ = 0;
    std::atomic<int64_t> slowest_ = 0;
    std::vector<std::jthread> threads_;
};

}  // namespace

TEST_CASE("a worker killed at any point of a fetch leaves nobody waiting") {
    const std::string point = GENERATE("flight-locked", "flight-half-taken", "flight-landing", "stored-not-woken");
    CAPTURE(point);
    SlowOrigin origin({});
    Nginx edge(faulty(origin.upstream()));
    edge.expect_log("[error]");
    origin.hold();
    std::vector<Response> responses(12);
    std::vector<std::jthread> clients;
    const auto come = [&](size_t first, size_t last) {
        for (size_t i = first; i < last; ++i) clients.emplace_back([&, i] { responses[i] = edge.get(kUrl); });
    };
    // A leader and waiters are there; the next to come, or the leader as it lands, dies.
    const bool dies_in_join = point == "flight-locked";
    if (point == "flight-half-taken") edge.arm_fault(point);
    come(0, 8);
    REQUIRE(wait_until(20s, [&] { return !origin.requests().empty() && waiting(edge) >= 1; }));
    if (point != "flight-half-taken") edge.arm_fault(point);
    if (dies_in_join) {
        come(8, 12);
        REQUIRE(wait_until(20s, [&] { return edge.fault_happened(point); }));
    }
    origin.release();
    clients.clear();
    REQUIRE(wait_until(20s, [&] { return edge.fault_happened(point); }));
    for (const Response& response : responses) {
        // Who was connected to the dead worker has lost his connection; the others have their answer.
        CHECK((response.status == 200 || response.status == 0));
        CHECK(response.elapsed < kLong);
    }
    const Response later = edge.get(kUrl);
    CHECK(later.status == 200);
    CHECK(later.elapsed < kLong);
    CHECK(wait_until(20s, [&] { return waiting(edge) == 0; }));
}

TEST_CASE("a worker killed while its requests wait leaves the leader and the others alone") {
    SlowOrigin origin({});
    Nginx edge(faulty(origin.upstream()));
    origin.hold();
    std::vector<Response> responses(12);
    std::vector<std::jthread> clients;
    for (Response& response : responses) clients.emplace_back([&] { response = edge.get(kUrl); });
    REQUIRE(wait_until(20s, [&] { return origin.requests().size() == 1 && waiting(edge) == 11; }));
    edge.kill_worker();  // the leader's, or one of those that wait
    origin.release();
    clients.clear();
    for (const Response& response : responses) {
        CHECK((response.status == 200 || response.status == 0));
        CHECK(response.elapsed < kLong);
    }
    CHECK(edge.get(kUrl).status == 200);
    CHECK(origin.requests().size() <= 2);
    CHECK(wait_until(20s, [&] { return waiting(edge) == 0; }));
}

TEST_CASE("workers killed 200 times at random under load leave no request stuck and no answer wrong") {
    SlowOrigin origin({.delay = 20ms});
    Nginx edge(faulty(origin.upstream()));
    edge.expect_log("[error]");
    edge.expect_log("exited on signal 9");
    Load load(edge, 6);
    std::mt19937 random(1);
    for (int i = 0; i < 200; ++i) {
        const auto workers = edge.worker_pids();
        if (!workers.empty()) ::kill(workers[random() % workers.size()], SIGKILL);
        const int answered = load.answered();
        wait_until(10s, [&] { return load.answered() > answered + 5; });
    }
    load.stop();
    CAPTURE(load.answered(), load.broken(), load.slowest().count());
    CHECK(load.answered() > 1000);
    CHECK(load.wrong() == 0);
    CHECK(load.slowest() < kLong);
    CHECK(wait_until(20s, [&] { return waiting(edge) == 0; }));
    const Response after = edge.get(kUrl);
    CHECK(after.status == 200);
}

TEST_CASE("200 reloads under load fail no request, and old and new workers wait for each other's fetches") {
    SlowOrigin origin({.delay = 20ms});
    Nginx edge(faulty(origin.upstream()));
    Load load(edge, 4);
    for (int i = 0; i < 200; ++i) edge.reload();
    load.stop();
    CAPTURE(load.answered(), load.broken(), load.slowest().count());
    CHECK(load.answered() > 1000);
    CHECK(load.broken() == 0);
    CHECK(load.wrong() == 0);
    CHECK(load.slowest() < kLong);
    CHECK(wait_until(20s, [&] { return waiting(edge) == 0; }));
}

TEST_CASE("a fetch begun before a reload answers those who come after it") {
    SlowOrigin origin({});
    Nginx edge(faulty(origin.upstream()));
    origin.hold();
    Response first;
    Response second;
    std::jthread leader([&] { first = edge.get(kUrl); });
    REQUIRE(wait_until(20s, [&] { return origin.requests().size() == 1; }));
    edge.reload();
    std::jthread waiter([&] { second = edge.get(kUrl); });
    REQUIRE(wait_until(20s, [&] { return waiting(edge) == 1; }));
    origin.release();
    leader.join();
    waiter.join();
    CHECK(first.status == 200);
    CHECK(second.status == 200);
    CHECK(origin.requests().size() == 1);
}
