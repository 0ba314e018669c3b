// What a pool does when its processes are killed, stopped, or overrun.
#include "tests/unit/pool_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

// What comes of a job each of whose converters gets one of the signals in its middle.
Result<Picture> lose_converters(PoolFixture& fixture, const std::vector<int>& signals) {
    const auto job = fixture.convert_slowly();
    int attempts = 0;
    for (const int number : signals) {
        ++attempts;
        REQUIRE(fixture.run_until([&] { return fixture.observed.busy == 1 && fixture.observed.started == attempts; }));
        signal_all(fixture.converters(), number);
    }
    auto result = fixture.result(job);
    return result;
}

}  // namespace

TEST_CASE("A converter killed in the middle of a job costs nobody anything") {
    PoolFixture fixture(config_of(1));
    const auto job = fixture.convert_slowly();
    REQUIRE(fixture.wait_until_busy(1));
    signal_all(fixture.converters(), SIGKILL);
    CHECK(code(fixture.result(job)) == "ok");
    CHECK(fixture.observed.replaced == std::map<std::string, int>{{"killed", 1}});
    CHECK(fixture.observed.last_loss == "killed by SIGKILL from outside");
    CHECK(fixture.observed.jobs == std::map<std::string, int>{{"png ok", 1}});
}

TEST_CASE("A job that breaks two converters is given up as the picture's fault, and the next one is fine") {
    PoolFixture fixture(config_of(1));
    // Not SIGSEGV: a sanitizer answers that one itself.
    const auto result = lose_converters(fixture, {SIGILL, SIGABRT});
    CHECK(code(result) == "crash");
    CHECK(result.error().status == 422);
    CHECK(fixture.observed.replaced == std::map<std::string, int>{{"crash", 2}});
    CHECK(fixture.observed.last_loss == "killed by SIGABRT");
    CHECK(fixture.result(fixture.inspect(photos::storm().path)));
}

TEST_CASE("A job whose converter was killed from outside is not called the picture's fault") {
    const std::vector<std::vector<int>> losses{{SIGKILL, SIGKILL}, {SIGSEGV, SIGKILL}, {SIGKILL, SIGSEGV}};
    for (const std::vector<int>& signals : losses) {
        PoolFixture fixture(config_of(1));
        const auto result = lose_converters(fixture, signals);
        CHECK(code(result) == "failed");
        CHECK(result.error().status == 500);
        CHECK(fixture.result(fixture.inspect(photos::storm().path)));
    }
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

TEST_CASE("A converter that got no processor is replaced, its picture is not to blame, and the next job is fine") {
    const Format format = GENERATE(Format::jpeg, Format::avif);
    PoolConfig config = config_of(1);
    config.job_timeout = 3s;
    PoolFixture fixture(config);
    const auto stopped = format == Format::avif ? fixture.slow_converters() : fixture.converters();
    signal_all(stopped, SIGSTOP);
    const auto result = fixture.result(fixture.convert(photos::meadow().path, to(format, 160)));
    CHECK(code(result) == "starved");
    CHECK(result.error().status == 503);
    CHECK(fixture.result(fixture.inspect(photos::storm().path)));
    CHECK(fixture.observed.replaced == std::map<std::string, int>{{"starved", 1}});
}

TEST_CASE("A picture that breaks a converter after its caller was answered is told of") {
    PoolConfig config = config_of(1);
    config.job_timeout = 3s;
    PoolFixture fixture(config);
    std::vector<Offence> offences;
    JobTerms terms{.deadline = after(200ms)};
    terms.on_unheard_offence = [&](Offence offence) { offences.push_back(offence); };
    const auto lose = [&](const Conversion& conversion, auto break_it) {
        const auto job = fixture.convert(photos::large().path, conversion, terms);
        CHECK(code(fixture.result(job)) == "late");
        break_it();
        CHECK(fixture.run_until([&] { return fixture.observed.busy == 0; }));
        terms.deadline = after(200ms);
    };
    lose(to(Format::png, 3000), [&] { signal_all(fixture.converters(), SIGILL); });
    CHECK(offences == std::vector{Offence::broke_one});
    lose(to(Format::png, 3000), [&] { signal_all(fixture.converters(), SIGKILL); });
    CHECK(offences.size() == 1);
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
