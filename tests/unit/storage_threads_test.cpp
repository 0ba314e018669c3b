// Blocking calls on the threads of the storage, as coroutines wait for them.
#include "backend/storage/storage_threads.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <stdexcept>

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/backend_fakes.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

// A call that hangs until it is let go of; shared, so that it may be left behind.
struct Hang {
    std::atomic<bool> let_go = false;
    std::atomic<bool> began = false;
    std::atomic<int> late_answers = 0;

    int wait() {
        began = true;
        wait_until(20s, [this] { return let_go.load(); });
        return 7;
    }
};

struct Fixture {
    boost::asio::io_context io{1};
    std::shared_ptr<Hang> hang = std::make_shared<Hang>();
    StorageThreads threads{{.threads = 1, .max_waiting = 1, .timeout = 50ms}};

    ~Fixture() { hang->let_go = true; }

    Result<int> call_that_hangs(CallTerms terms = {}) {
        auto work = [hang = hang]() -> Result<int> { return hang->wait(); };
        auto late = [hang = hang](const Result<int>& answer) { hang->late_answers += *answer; };
        return run_coroutine(io, offload(threads, std::move(work), terms, std::move(late)));
    }
    Result<int> call(Access access) {
        auto work = []() -> Result<int> { return 1; };
        return run_coroutine(io, offload(threads, std::move(work), {.access = access}));
    }
};

}  // namespace

TEST_CASE("a call's result, its error and what it throws reach the caller") {
    Fixture f;
    CHECK(f.call(Access::read) == 1);
    CHECK(f.call(Access::write) == 1);
    auto failing = []() -> Result<int> { return fail(507, "storage_full", ""); };
    CHECK(run_coroutine(f.io, offload(f.threads, std::move(failing))).error().code == "storage_full");
    auto throwing = []() -> Result<int> { throw std::runtime_error("thrown"); };
    CHECK_THROWS_WITH(run_coroutine(f.io, offload(f.threads, std::move(throwing))), "thrown");
}

TEST_CASE("a call that takes too long is 503, and its answer comes late") {
    Fixture f;
    const auto answer = f.call_that_hangs();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().status == 503);
    CHECK(answer.error().code == "storage_timeout");
    CHECK(answer.error().retry_after);
    CHECK(f.hang->late_answers == 0);
    f.hang->let_go = true;
    CHECK(wait_until(20s, [&] { return f.hang->late_answers == 7; }));
}

TEST_CASE("an answer in time is not late") {
    Fixture f;
    f.hang->let_go = true;
    CHECK(f.call_that_hangs() == 7);
    CHECK(f.hang->late_answers == 0);
}

TEST_CASE("a caller's own deadline counts where it is earlier") {
    Fixture f;
    StorageThreads patient{{.threads = 1, .max_waiting = 1, .timeout = 1h}};
    auto work = [hang = f.hang]() -> Result<int> { return hang->wait(); };
    const auto answer = run_coroutine(f.io, offload(patient, std::move(work), {.deadline = after(20ms)}));
    CHECK(answer.error().code == "storage_timeout");
    f.hang->let_go = true;
}

TEST_CASE("writes that hang leave the reads alone, and are refused at once from then on") {
    Fixture f;
    CHECK_FALSE(f.call_that_hangs({.access = Access::write}));
    REQUIRE(wait_until(20s, [&] { return f.threads.counts(Access::write).stuck == 1; }));
    CHECK(f.call(Access::read) == 1);
    const auto refused = f.call(Access::write);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().detail == "every thread of the storage is stuck");
    f.hang->let_go = true;
    CHECK(wait_until(20s, [&] { return f.call(Access::write).has_value(); }));
}

TEST_CASE("work that is given up is told so") {
    Fixture f;
    const auto told = std::make_shared<std::atomic<bool>>(false);
    auto work = [told](const std::stop_token& given_up) -> Result<int> {
        *told = wait_until(20s, [&] { return given_up.stop_requested(); });
        return 0;
    };
    CHECK_FALSE(run_coroutine(f.io, offload(f.threads, std::move(work))));
    CHECK(wait_until(20s, [&] { return told->load(); }));
}

TEST_CASE("a caller that is destroyed gives its call up") {
    Fixture f;
    {
        boost::asio::io_context io(1);
        auto work = [hang = f.hang]() -> Result<int> { return hang->wait(); };
        auto late = [hang = f.hang](const Result<int>& answer) { hang->late_answers += *answer; };
        auto calling = offload(f.threads, std::move(work), {}, std::move(late));
        boost::asio::co_spawn(io, std::move(calling), boost::asio::use_future);
        io.poll();
        REQUIRE(wait_until(20s, [&] { return f.hang->began.load(); }));
    }
    f.hang->let_go = true;
    CHECK(wait_until(20s, [&] { return f.hang->late_answers == 7; }));
}

TEST_CASE("what the threads own is destroyed on one of them, also when they hang") {
    Fixture f;
    struct Witness {
        std::shared_ptr<std::thread::id> destroyed_on;
        explicit Witness(std::shared_ptr<std::thread::id> on) : destroyed_on(std::move(on)) {}
        Witness(Witness&&) = default;
        ~Witness() {
            if (destroyed_on) *destroyed_on = std::this_thread::get_id();
        }
    };
    const auto where = std::make_shared<std::thread::id>();
    auto owned = f.threads.own(Witness(where));
    CHECK_FALSE(f.call_that_hangs({.access = Access::write}));
    owned.reset();
    f.hang->let_go = true;
    REQUIRE(f.threads.close([] {}, after(20s)));
    CHECK(*where != std::thread::id());
    CHECK(*where != std::this_thread::get_id());
}

TEST_CASE("closing runs the last call, takes no other, and says when something hangs") {
    Fixture f;
    bool last = false;
    CHECK(f.threads.close([&] { last = true; }, after(20s)));
    CHECK(last);
    CHECK(f.call(Access::read).error().code == "stopping");

    StorageThreads hanging{{.threads = 1, .max_waiting = 1, .timeout = 50ms}};
    auto work = [hang = f.hang]() -> Result<int> { return hang->wait(); };
    CHECK_FALSE(run_coroutine(f.io, offload(hanging, std::move(work))));
    CHECK_FALSE(hanging.close([] {}, after(10ms)));
    f.hang->let_go = true;
}
