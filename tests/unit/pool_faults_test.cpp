// What a pool does when its processes are killed, stopped, or overrun.
#include "tests/unit/pool_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

TEST_CASE("A converter killed in the middle of a job costs nobody anything") {
    PoolFixture fixture(config_of(1));
    const auto job = fixture.convert_slowly();
    REQUIRE(fixture.wait_until_busy(1));
    signal_all(fixture.converters(), SIGKILL);
    CHECK(code(fixture.result(job)) == "ok");
    CHECK(fixture.observed.replaced["crash"] == 1);
    CHECK(fixture.observed.jobs == std::map<std::string, int>{{"png ok", 1}});
}

TEST_CASE("A job that kills two converters is given up, and the next one is fine") {
    PoolFixture fixture(config_of(1));
    const auto job = fixture.convert_slowly();
    for (int i = 1; i <= 2; ++i) {
        REQUIRE(fixture.run_until([&] { return fixture.observed.busy == 1 && fixture.observed.started == i; }));
        signal_all(fixture.converters(), SIGKILL);
    }
    const auto result = fixture.result(job);
    CHECK(code(result) == "crash");
    CHECK(result.error().status == 422);
    CHECK(fixture.result(fixture.inspect(photos::storm().path)));
}

TEST_CASE("An idle converter that dies is replaced before the next job") {
    PoolFixture fixture(config_of(1));
    fixture.run_until([] { return false; }, 20ms);
    const auto before = fixture.converters();
    signal_all(before, SIGKILL);
    CHECK(fixture.run_until([&] { return fixture.converters().size() == 1 && fixture.converters() != before; }));
    CHECK(fixture.result(fixture.inspect(photos::storm().path)));
}

TEST_CASE("A killed zygote is replaced, and the jobs of its converters are done by new ones") {
    PoolFixture fixture;
    const auto first = fixture.convert_slowly();
    const auto second = fixture.convert_slowly();
    REQUIRE(fixture.wait_until_busy(2));
    const pid_t before = fixture.zygote();
    kill(before, SIGKILL);
    CHECK(code(fixture.result(first)) == "ok");
    CHECK(code(fixture.result(second)) == "ok");
    CHECK(fixture.zygote() != before);
    CHECK(fixture.observed.replaced["zygote"] == 1);
    CHECK(wait_until(2s, [&] { return fixture.converters().size() == 2; }));
}

TEST_CASE("A converter that overruns is killed with its job, and the next job is fine") {
    PoolConfig config = config_of(1);
    config.job_timeout = 3s;
    PoolFixture fixture(config);
    const auto stopped = fixture.converters();
    signal_all(stopped, SIGSTOP);
    const auto result = fixture.result(fixture.inspect(photos::storm().path));
    CHECK(code(result) == "timeout");
    CHECK(result.error().status == 422);
    CHECK_THAT(result.error().message, contains("3 s"));
    CHECK(fixture.result(fixture.inspect(photos::storm().path)));
    CHECK(fixture.observed.replaced == std::map<std::string, int>{{"timeout", 1}});
    CHECK(fixture.converters() != stopped);
}

TEST_CASE("An io_context that ends in the middle of everything leaves no process") {
    PoolFixture fixture;
    fixture.convert_slowly();
    fixture.convert_slowly();
    fixture.inspect(photos::storm().path);
    REQUIRE(fixture.wait_until_busy(2));
    fixture.destroy();
    CHECK(wait_until(2s, [] { return descendants_of(getpid()).empty(); }));
}
