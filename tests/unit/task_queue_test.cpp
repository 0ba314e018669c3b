// The queue in front of the threads of the storage: bounded, and not to be stopped by what never returns.
#include "backend/storage/task_queue.hpp"

#include <functional>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

// Runs what it is told, and remembers how it ended.
struct Job final : Task {
    explicit Job(std::function<void()> what = [] {}) : work(std::move(what)) {}
    void run() noexcept override { work(); }
    void finish(bool is_wanted) noexcept override { wanted = is_wanted; }

    std::function<void()> work;
    std::optional<bool> wanted;  // set when it has finished
};
using JobHandle = std::shared_ptr<Job>;

struct Fixture {
    Deadline now{std::chrono::hours(1)};
    TaskQueue queue{{.threads = 1, .max_waiting = 2, .stuck_after = 10s}, [this] { return now; }};

    JobHandle submit(std::function<void()> work = [] {}) {
        auto job = std::make_shared<Job>(std::move(work));
        refusal = queue.submit(job);
        return job;
    }
    // On this thread, until there is nothing more to do.
    void serve() {
        queue.dispose([this] { queue.close(); });
        queue.serve();
    }

    std::optional<TaskQueue::Refusal> refusal;
};

}  // namespace

TEST_CASE("tasks run in their order, and are wanted unless they were given up") {
    Fixture f;
    std::string order;
    const auto first = f.submit([&] { order += "1"; });
    std::function<void()> close;
    const auto second = f.submit([&] {
        order += "2";
        f.queue.close();
    });
    f.queue.serve();
    CHECK(order == "12");
    CHECK(first->wanted == true);
    CHECK(second->wanted == true);
    CHECK_FALSE(f.queue.give_up(*first));
}

TEST_CASE("more tasks than may wait are refused, beside those that an idle thread takes at once") {
    Fixture f;
    for (int i = 0; i < 3; ++i) {
        f.submit();
        CHECK_FALSE(f.refusal);
    }
    f.submit();
    CHECK(f.refusal == TaskQueue::Refusal::full);
    CHECK(f.queue.counts().waiting == 3);
}

TEST_CASE("a task that is given up while it waits does not run, and makes room") {
    Fixture f;
    bool ran = false;
    const auto job = f.submit([&] { ran = true; });
    f.submit();
    f.submit();
    CHECK(f.queue.give_up(*job));
    f.submit();
    CHECK_FALSE(f.refusal);
    f.serve();
    CHECK_FALSE(ran);
    CHECK_FALSE(job->wanted);
}

TEST_CASE("a task that is given up while it runs is told so, at once and at its end") {
    Fixture f;
    JobHandle job;
    job = f.submit([&] {
        CHECK_FALSE(job->given_up().stop_requested());
        CHECK(f.queue.give_up(*job));
        CHECK(job->given_up().stop_requested());
        f.queue.close();
    });
    f.queue.serve();
    CHECK(job->wanted == false);
    job->work = nullptr;
}

TEST_CASE("while every thread is stuck a task is refused at once, and no longer than that") {
    Fixture f;
    std::atomic<bool> let_go = false;
    const auto stuck = f.submit([&] { wait_until(20s, [&] { return let_go.load(); }); });
    std::thread thread([&] { f.queue.serve(); });
    REQUIRE(wait_until(20s, [&] { return f.queue.counts().running == 1; }));
    f.submit();
    CHECK_FALSE(f.refusal);
    f.now += 11s;
    CHECK(f.queue.counts().stuck == 1);
    f.submit();
    CHECK(f.refusal == TaskQueue::Refusal::stuck);
    let_go = true;
    CHECK(wait_until(20s, [&] { return f.queue.counts().stuck == 0; }));
    const auto last = f.submit();
    CHECK_FALSE(f.refusal);
    f.queue.dispose([&] { f.queue.close(); });
    thread.join();
    CHECK(stuck->wanted == true);
}

TEST_CASE("what is to be disposed of is, before what waits and after the queue was closed") {
    Fixture f;
    std::string order;
    f.submit([&] {
        order += "task";
        f.queue.close();
    });
    f.queue.dispose([&] { order += "disposal "; });
    f.queue.serve();
    CHECK(order == "disposal task");
    f.queue.dispose([&] { order += " late"; });
    CHECK(order == "disposal task late");
    f.submit();
    CHECK(f.refusal == TaskQueue::Refusal::closed);
}

TEST_CASE("a thread that does not come back is noticed by the deadline") {
    Fixture f;
    std::atomic<bool> let_go = false;
    f.submit([&] { wait_until(20s, [&] { return let_go.load(); }); });
    std::thread thread([&] { f.queue.serve(); });
    REQUIRE(wait_until(20s, [&] { return f.queue.counts().running == 1; }));
    f.queue.close();
    CHECK_FALSE(f.queue.wait_until_served(after(10ms)));
    let_go = true;
    CHECK(f.queue.wait_until_served(after(20s)));
    thread.join();
}
