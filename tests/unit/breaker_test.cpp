// The circuit breaker's core with a clock of the test's own.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <thread>
#include <vector>

#include "nginx-module/breaker/breaker.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate::edge;

namespace {

constexpr std::uint64_t kStart = 1'000'000;

struct Clocked {
    BreakerState state{};
    BreakerRules rules;
    std::uint64_t now = kStart;

    explicit Clocked(const BreakerRules& with = {}) : rules(with) {}
    Breaker breaker() { return {state, rules}; }
    Breaker::Answer ask() { return breaker().ask(now); }
    bool passes() { return ask().ticket.has_value(); }
    void report(const Breaker::Ticket& ticket, Outcome outcome) { breaker().report(ticket, outcome, now); }
    void requests(int count, Outcome outcome) {
        for (int i = 0; i < count; ++i) report(ask().ticket.value(), outcome);
    }
    BreakerPhase phase() { return breaker().phase(); }
    void open() {
        requests(static_cast<int>(rules.min), Outcome::failure);
        REQUIRE(phase() == BreakerPhase::open);
    }
};

}  // namespace

TEST_CASE("a breaker opens when the share of failures is reached, and not before") {
    Clocked some;
    some.requests(11, Outcome::success);
    some.requests(10, Outcome::failure);
    CHECK(some.phase() == BreakerPhase::closed);  // 10 of 21
    some.requests(1, Outcome::failure);
    CHECK(some.phase() == BreakerPhase::open);  // 11 of 22
    CHECK(some.state.opened == 1);
}

TEST_CASE("a few failures do not open a breaker, however large their share is") {
    Clocked few;
    few.requests(19, Outcome::failure);
    CHECK(few.phase() == BreakerPhase::closed);
    few.requests(1, Outcome::failure);
    CHECK(few.phase() == BreakerPhase::open);
}

TEST_CASE("failures are forgotten when the window has moved on") {
    Clocked old;
    old.requests(19, Outcome::failure);
    old.now += old.rules.window_ms;
    old.requests(1, Outcome::failure);
    CHECK(old.phase() == BreakerPhase::closed);
    old.now += old.rules.window_ms / 2;
    old.requests(19, Outcome::failure);
    CHECK(old.phase() == BreakerPhase::open);
}

TEST_CASE("an outcome that says nothing is not counted") {
    Clocked silent;
    silent.requests(19, Outcome::failure);
    silent.requests(100, Outcome::none);
    CHECK(silent.phase() == BreakerPhase::closed);
}

TEST_CASE("an open breaker rejects, says for how long, and then lets a few probes pass") {
    Clocked sick;
    sick.open();
    sick.now += 400;
    const Breaker::Answer rejected = sick.ask();
    CHECK_FALSE(rejected.ticket);
    CHECK(rejected.retry_after_ms == 600);
    CHECK(sick.state.rejected == 1);
    sick.now += 600;
    for (std::uint64_t i = 0; i < sick.rules.probes; ++i) CHECK(sick.passes());
    CHECK(sick.phase() == BreakerPhase::half_open);
    CHECK_FALSE(sick.passes());
}

TEST_CASE("successful probes close a breaker, and old failures do not count afterwards") {
    Clocked healed;
    healed.open();
    healed.now += 1000;
    healed.requests(2, Outcome::success);
    CHECK(healed.phase() == BreakerPhase::half_open);
    healed.requests(1, Outcome::success);
    CHECK(healed.phase() == BreakerPhase::closed);
    healed.requests(19, Outcome::failure);
    CHECK(healed.phase() == BreakerPhase::closed);
}

TEST_CASE("one probe that fails opens the breaker again") {
    Clocked sick;
    sick.open();
    sick.now += 1000;
    sick.requests(2, Outcome::success);
    sick.requests(1, Outcome::failure);
    CHECK(sick.phase() == BreakerPhase::open);
    CHECK(sick.state.opened == 2);
    CHECK(sick.ask().retry_after_ms == 1000);
}

TEST_CASE("a probe that says nothing gives its place to another") {
    Clocked sick({.probes = 1});
    sick.open();
    sick.now += 1000;
    const auto probe = sick.ask().ticket.value();
    CHECK_FALSE(sick.passes());
    sick.report(probe, Outcome::none);
    CHECK(sick.phase() == BreakerPhase::half_open);
    CHECK(sick.passes());
}

TEST_CASE("probes that never come back are replaced after a slow answer's time, and still count if they do") {
    Clocked dead({.probes = 2});
    dead.open();
    dead.now += 1000;
    const auto lost = dead.ask().ticket.value();
    CHECK(dead.passes());
    CHECK_FALSE(dead.passes());
    dead.now += dead.rules.slow_ms - 1;
    CHECK_FALSE(dead.passes());
    dead.now += 1;
    dead.requests(1, Outcome::success);
    dead.report(lost, Outcome::success);
    CHECK(dead.phase() == BreakerPhase::closed);
}

TEST_CASE("successes of rare probes add up, so that a quiet backend's breaker closes") {
    Clocked quiet;
    quiet.open();
    for (int i = 0; i < 3; ++i) {
        quiet.now += 60'000;
        quiet.requests(1, Outcome::success);
    }
    CHECK(quiet.phase() == BreakerPhase::closed);
}

TEST_CASE("what was asked before a breaker opened says nothing of the time after") {
    Clocked late;
    const auto before = late.ask().ticket.value();
    late.open();
    late.now += 1000;
    const auto probe = late.ask().ticket.value();
    late.report(before, Outcome::failure);
    CHECK(late.phase() == BreakerPhase::half_open);
    late.report(probe, Outcome::success);
    late.requests(2, Outcome::success);
    REQUIRE(late.phase() == BreakerPhase::closed);
    for (int i = 0; i < 100; ++i) late.report(before, Outcome::failure);
    late.report(probe, Outcome::failure);
    CHECK(late.phase() == BreakerPhase::closed);
}

TEST_CASE("more outcomes than a slice can count keep their share") {
    Clocked busy;
    for (int i = 0; i < 50'000; ++i) {
        busy.requests(2, Outcome::success);
        busy.requests(1, Outcome::failure);
    }
    CHECK(busy.phase() == BreakerPhase::closed);
    const auto ticket = busy.ask().ticket.value();
    for (int i = 0; i < 40'000; ++i) busy.report(ticket, Outcome::failure);
    CHECK(busy.phase() == BreakerPhase::open);
}

TEST_CASE("threads that report together open a breaker once, and pass no more probes than allowed") {
    for (int round = 0; round < 50; ++round) {
        Clocked shared;
        std::atomic<int> probes = 0;
        std::barrier all_reported(4);  // time goes on for all of them at once
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                Breaker breaker = shared.breaker();
                for (int j = 0; j < 50; ++j) {
                    const auto answer = breaker.ask(kStart);
                    if (answer.ticket) breaker.report(*answer.ticket, Outcome::failure, kStart);
                }
                all_reported.arrive_and_wait();
                for (int j = 0; j < 50; ++j) probes += breaker.ask(kStart + 1000).ticket ? 1 : 0;
            });
        }
        threads.clear();
        CHECK(shared.state.opened == 1);
        CHECK(probes == 3);
    }
}

TEST_CASE("processes that are killed anywhere leave a breaker that opens and closes") {
    void* memory = mmap(nullptr, sizeof(BreakerState), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    auto& state = *static_cast<BreakerState*>(memory);
    const BreakerRules rules{.probes = 1};
    std::uint64_t now = kStart;
    for (int round = 0; round < 100; ++round) {
        const pid_t worker = fork();
        if (worker == 0) {
            Breaker breaker(state, rules);
            for (std::uint64_t at = now;; ++at) {
                const auto answer = breaker.ask(at);
                if (answer.ticket)
                    breaker.report(*answer.ticket, at % 5 == 0 ? Outcome::success : Outcome::failure, at);
            }
        }
        usleep(static_cast<useconds_t>(100 + round));
        kill(worker, SIGKILL);
        waitpid(worker, nullptr, 0);
        now += 1'000'000'000;
        Breaker breaker(state, rules);
        if (breaker.phase() != BreakerPhase::closed) {
            const auto probe = breaker.ask(now);
            REQUIRE(probe.ticket);
            breaker.report(*probe.ticket, Outcome::success, now);
        }
        REQUIRE(breaker.phase() == BreakerPhase::closed);
        for (int i = 0; i < 20; ++i) breaker.report(breaker.ask(now).ticket.value(), Outcome::failure, now);
        REQUIRE(breaker.phase() == BreakerPhase::open);
    }
    munmap(memory, sizeof(BreakerState));
}
