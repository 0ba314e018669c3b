// Kills and restarts under a mixed load: what fails is at most what was in flight, and nothing that was acknowledged is
// ever lost.
//
// Short by default: THUMBGATE_KILLS=200 and THUMBGATE_RESTARTS=20 make it so many.
#include <signal.h>

#include <cstdlib>
#include <random>

#include "tests/support/catch.hpp"
#include "tests/support/mixed_load.hpp"
#include "tests/support/stored_photos.hpp"

using namespace thumbgate::test;

namespace {

constexpr unsigned kVisitors = 4;

int times(const char* variable, int by_default) {
    const char* text = std::getenv(variable);
    return text != nullptr ? std::atoi(text) : by_default;
}

StackOptions activated() {
    return {.edits = MixedLoad::without_rate_limits(),
            .thumbgated_flags = {"--converters", "2", "--undo", "0"},
            .is_activated = true};
}

// Every visitor has finished what was in flight, and something that began after it.
void let_everybody_go_on(const MixedLoad& load) {
    const std::size_t before = load.requests();
    REQUIRE(wait_until(60s, [&] { return load.requests() >= before + 5 * kVisitors; }));
}

// The parts that die by turns. What is not there at this moment was killed just before.
void kill_one(Thumbgated& backend, std::size_t which) {
    if (which == 0) {
        backend.kill();
        backend.launch();
        return;
    }
    const auto converters = backend.converter_pids();
    const pid_t victim = which == 1 ? backend.zygote_pid() : (converters.empty() ? 0 : converters.back());
    if (victim > 0) ::kill(victim, SIGKILL);
}

}  // namespace

TEST_CASE("kills under load fail at most what is in flight, and lose nothing that was acknowledged") {
    Stack stack(activated());
    stack.edge().expect_log("[error]");
    MixedLoad load(stack, {.visitors = kVisitors});
    std::mt19937 random(11);
    const int kills = times("THUMBGATE_KILLS", 12);
    for (int i = 0; i < kills; ++i) {
        std::this_thread::sleep_for(milliseconds(random() % 150));
        const std::size_t failed_before = load.failed();
        const std::size_t which = static_cast<std::size_t>(i) % 3;
        kill_one(stack.backend(), which);
        let_everybody_go_on(load);
        INFO("kill " << i << " of " << which << "\n" << lines(load.failures()));
        CHECK(load.failed() - failed_before <= kVisitors);
    }
    load.stop();
    REQUIRE(wait_until(30s, [&] { return stack.get("/readyz").status == 200; }));
    WARN(load.requests() << " requests, " << load.uploaded() << " uploads, " << load.failed() << " failed in " << kills
                         << " kills");
    CHECK(lines(load.wrong()) == "");
    CHECK(lines(load.losses()) == "");
    CHECK(StoredPhotos(stack.dir() / "photos").unfinished_files() == 0);
}

TEST_CASE("restarts under load, with a socket that stays, fail no request") {
    Stack stack(activated());
    MixedLoad load(stack, {.visitors = kVisitors});
    for (int i = 0; i < times("THUMBGATE_RESTARTS", 3); ++i) {
        let_everybody_go_on(load);
        stack.backend().drain();
        stack.backend().launch();
    }
    let_everybody_go_on(load);
    load.stop();
    WARN(load.requests() << " requests, " << load.uploaded() << " uploads");
    CHECK(lines(load.failures()) == "");
    CHECK(load.repeated() == 0);
    CHECK(lines(load.wrong()) == "");
    CHECK(lines(load.losses()) == "");
}
