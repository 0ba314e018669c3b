// /readyz says what a load balancer has to know: whether a conversion works, soon enough, and again when it does.
#include <signal.h>

#include <future>

#include "tests/support/catch.hpp"
#include "tests/support/mixed_load.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

constexpr auto kPatience = 7s;  // thumbgated's is 5 s

struct Probe {
    Response response;
    milliseconds took;
};

Probe probe(const Stack& stack) {
    const auto begin = std::chrono::steady_clock::now();
    Response response = stack.get("/readyz");
    return {std::move(response), std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin)};
}

// An answer counts for a second, so the first after a fault may still be good.
void check_fails_in_time(const Stack& stack) {
    const bool failed = wait_until(20s, [&] {
        const Probe last = probe(stack);
        CHECK(last.took < kPatience);
        return last.response.status == 503;
    });
    CHECK(failed);
}

void check_recovers(const Stack& stack) {
    CHECK(wait_until(30s, [&] { return stack.get("/readyz").status == 200; }));
}

}  // namespace

TEST_CASE("converters that are stuck make the service not ready in time, and it recovers by itself") {
    Stack stack({.thumbgated_flags = {"--converters", "2", "--job-timeout", "6s"}});
    REQUIRE(stack.get("/readyz").status == 200);
    for (const pid_t converter : stack.backend().converter_pids()) ::kill(converter, SIGSTOP);
    check_fails_in_time(stack);
    check_recovers(stack);
}

TEST_CASE("a zygote that is stuck is replaced when a converter is needed, and the service is ready again") {
    Stack stack({.thumbgated_flags = {"--converters", "2"}});
    const pid_t stuck = stack.backend().zygote_pid();
    const auto converters = stack.backend().converter_pids();
    ::kill(stuck, SIGSTOP);
    for (const pid_t converter : converters) ::kill(converter, SIGKILL);
    CHECK(wait_until(30s, [&] { return stack.backend().zygote_pid() != stuck; }));
    check_recovers(stack);
}

TEST_CASE("a service that hangs is said to be not ready, and to be ready when it goes on") {
    Stack stack;
    stack.edge().expect_log("[error]");
    stack.backend().pause();
    const Probe last = probe(stack);
    CHECK(last.response.status >= 500);
    CHECK(last.took < 10s);
    stack.backend().resume();
    check_recovers(stack);
}

TEST_CASE("a flood of one client's conversions does not make the service not ready") {
    Stack stack({.edits = MixedLoad::without_rate_limits(), .thumbgated_flags = {"--converters", "1"}});
    const Uploaded photo = stack.upload(photos::autumn());
    std::vector<Request> flood;
    for (int i = 0; i < 100; ++i) {
        const std::string options = "/w:" + std::to_string(1000 + i) + "/f:png";
        flood.push_back({.url = stack.url(stack.thumbnail(photo.id, options)), .timeout = 60s});
    }
    auto answers = std::async(std::launch::async, [&] { return fetch_at_once(flood); });
    REQUIRE(wait_until(
        20s, [&] { return stack.backend_metric("thumbgate_backend_queue_depth", {{"lane", "interactive"}}) > 10; }));
    int probes = 0;
    while (answers.wait_for(0s) != std::future_status::ready) {
        CHECK(stack.get("/readyz").status == 200);
        ++probes;
    }
    CHECK(probes > 0);
}
