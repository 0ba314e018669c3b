// Who is admitted, and whose turn it is, on a clock of the test's.
#include "backend/conversion/scheduler.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate;
using namespace std::chrono_literals;

namespace {

struct Fixture {
    explicit Fixture(const SchedulerRules& rules = {}) : scheduler(rules) {}

    TicketPtr ticket(const std::string& share, Lane lane = Lane::interactive) {
        auto made = std::make_shared<Ticket>();
        made->lane = lane;
        made->share = share;
        made->cost = cost;
        made->deadline = patience == 0ms ? Deadline::max() : now + patience;
        return made;
    }
    // "put", or why it was not.
    std::string submit(const std::string& share, Lane lane = Lane::interactive) {
        const TicketPtr one = ticket(share, lane);
        if (const auto rejection = scheduler.refuse(*one, now)) return std::string(name(rejection->reason));
        scheduler.put(one, now);
        return "put";
    }
    void submit(int count, const std::string& share, Lane lane = Lane::interactive) {
        for (int i = 0; i < count; ++i) REQUIRE(submit(share, lane) == "put");
    }
    // Takes a job and is through with it; whose it was.
    std::string serve() {
        const TicketPtr taken = scheduler.take(now);
        if (!taken) return "nobody";
        scheduler.ended(taken);
        return taken->share;
    }
    std::string serve(int count) {
        std::string order;
        for (int i = 0; i < count; ++i) order += serve();
        return order;
    }
    void occupy() {
        scheduler.put(ticket("running"), now);
        REQUIRE(scheduler.take(now));
    }

    Scheduler scheduler;
    Scheduler::Time now{1h};
    Scheduler::Duration cost = 100ms;
    Scheduler::Duration patience{};
};

}  // namespace

TEST_CASE("clients take turns, and a client's own jobs stay in order") {
    Fixture f;
    f.submit(4, "a");
    f.submit(2, "b");
    f.submit(1, "c");
    CHECK(f.serve(8) == "abcabaanobody");
}

TEST_CASE("interactive jobs get three times the time of uploads while both wait") {
    Fixture f({.max_wait = 1h});
    f.submit(60, "i");
    f.submit(60, "u", Lane::upload);
    const std::string order = f.serve(40);
    CHECK(std::ranges::count(order, 'i') == 30);
    CHECK(order.find('u') < 2);
    CHECK(order.find("iiii") == std::string::npos);
}

TEST_CASE("a lane's share is one of time: uploads that take longer get fewer turns") {
    Fixture f({.max_wait = 1h});
    f.submit(60, "i");
    f.cost = 400ms;
    f.submit(10, "u", Lane::upload);
    const std::string order = f.serve(39);
    CHECK(std::ranges::count(order, 'u') == 3);
}

TEST_CASE("a lane that had nothing to do has saved up nothing for later") {
    Fixture f({.max_wait = 1h});
    f.submit(50, "i");
    f.serve(50);
    f.submit(10, "i");
    f.submit(10, "u", Lane::upload);
    CHECK(std::ranges::count(f.serve(8), 'u') == 2);
}

TEST_CASE("background jobs run when nobody waits, and are in nobody's way") {
    Fixture f;
    f.submit(3, "b", Lane::background);
    f.submit(2, "i");
    f.submit(1, "u", Lane::upload);
    const std::string order = f.serve(6);
    CHECK(order.substr(3) == "bbb");
    f.submit(100, "b", Lane::background);
    f.occupy();
    CHECK(f.scheduler.expected_wait(*f.ticket("i"), f.now) == 100ms);
    CHECK(f.scheduler.expected_wait(*f.ticket("x", Lane::background), f.now) == 200ms);
}

TEST_CASE("a job that is tried again goes before its lane") {
    Fixture f;
    f.submit(2, "a");
    f.scheduler.put_first(f.ticket("z"), f.now);
    CHECK(f.serve(3) == "zaa");
}

TEST_CASE("the expected wait is that of the client's own place") {
    Fixture f({.converters = 2});
    f.occupy();
    CHECK(f.scheduler.expected_wait(*f.ticket("a"), f.now) == 0ms);
    f.occupy();
    CHECK(f.scheduler.expected_wait(*f.ticket("a"), f.now) == 100ms);  // two that run, on two converters
    f.submit(10, "heavy");
    CHECK(f.scheduler.expected_wait(*f.ticket("light"), f.now) == 150ms);
    CHECK(f.scheduler.expected_wait(*f.ticket("heavy"), f.now) == 600ms);
    f.now += 60ms;
    CHECK(f.scheduler.expected_wait(*f.ticket("light"), f.now) == 90ms);
    f.submit(4, "u", Lane::upload);
    // While 100 ms of theirs and 100 ms of its own are done, an upload gets a third of that.
    CHECK(f.scheduler.expected_wait(*f.ticket("light"), f.now) == 90ms + Scheduler::Duration(200ms) / 3 / 2);
}

TEST_CASE("what takes longer than was expected may take as long again, until it is killed") {
    Fixture f({.max_job = 10s});
    f.occupy();
    f.now += 4s;
    CHECK(f.scheduler.expected_wait(*f.ticket("a"), f.now) == 4s);
    f.now += 4s;
    CHECK(f.scheduler.expected_wait(*f.ticket("a"), f.now) == 2s);
}

TEST_CASE("a job that would not be through by its deadline is refused, and one that would is not") {
    Fixture f({.max_waiting = 1000, .overload_wait = 1h});
    f.occupy();
    f.patience = 1s;
    CHECK(f.submit("a") == "put");
    f.submit(7, "a");
    CHECK(f.submit("a") == "put");  // 900 ms of waiting, 100 of work
    CHECK(f.submit("a") == "would_be_late");
    CHECK(f.submit("b") == "put");
    f.patience = -1ms;
    CHECK(f.submit("c") == "deadline_passed");
}

TEST_CASE("nobody waits longer than is configured, whatever the deadline") {
    Fixture f({.max_wait = 250ms});
    f.occupy();
    f.submit(2, "a");
    CHECK(f.submit("a") == "would_be_late");
    const TicketPtr waiting = f.scheduler.take(f.now);
    CHECK(waiting->start_by == f.now + 250ms);
}

TEST_CASE("a free converter takes any job, so that a wrong estimate does not last") {
    Fixture f;
    f.cost = 1h;
    f.patience = 1s;
    CHECK(f.submit("a") == "put");
    CHECK(f.submit("a") == "would_be_late");
}

TEST_CASE("a burst may wait up to its deadline, and a queue that stands admits only what waits briefly") {
    Fixture f({.burst = 100ms, .overload_wait = 500ms});
    f.occupy();
    f.submit(30, "burst");  // 3 s of work
    f.now += 100ms;
    CHECK(f.submit("burst") == "put");
    f.now += 1ms;
    CHECK(f.submit("burst") == "overload");
    CHECK(f.submit("light") == "put");
    CHECK(f.submit("b", Lane::background) == "put");
    const auto rejection = f.scheduler.refuse(*f.ticket("burst"), f.now);
    REQUIRE(rejection);
    CHECK(rejection->wait > 3s);
    while (f.scheduler.waiting() > 0) f.serve();
    f.submit(20, "burst");
    CHECK(f.submit("burst") == "put");  // it was empty just now
}

TEST_CASE("under a flood of one client another's jobs are admitted and done at once") {
    Fixture f({.converters = 2, .overload_wait = 500ms});
    f.occupy();
    f.occupy();
    while (f.submit("flood") == "put") continue;
    f.now += 200ms;
    for (int i = 0; i < 20; ++i) {
        f.submit("flood");
        CHECK(f.submit("light") == "put");
        const std::string order = f.serve(2);
        CHECK(order.find("light") != std::string::npos);
    }
}

TEST_CASE("no client holds more places than are free, so that there is one for the next") {
    Fixture f({.max_waiting = 8, .overload_wait = 1h});
    f.occupy();
    f.submit(4, "a");
    CHECK(f.submit("a") == "queue_full");
    f.submit(2, "b");
    CHECK(f.submit("b") == "queue_full");
    CHECK(f.submit("c") == "put");
    CHECK(f.submit("d") == "put");
    CHECK(f.submit("e") == "queue_full");
    CHECK(f.submit("a", Lane::upload) == "put");  // a lane's places are its own
}

TEST_CASE("a check is admitted and done next, however many clients wait") {
    Fixture f({.max_waiting = 8, .overload_wait = 0ms});
    f.occupy();
    for (const char* client : {"a", "b", "c", "d", "e", "f", "g", "h"}) f.submit(1, client);
    f.now += 1s;
    CHECK(f.submit("i") == "queue_full");
    f.patience = 5s;
    REQUIRE(f.submit("check", Lane::check) == "put");
    CHECK(f.serve(2) == "checka");
    f.patience = 50ms;  // less than what runs will take
    CHECK(f.submit("check", Lane::check) == "would_be_late");
}

TEST_CASE("whatever comes and goes, bounds hold, and every job ends once") {
    const SchedulerRules rules{.converters = 3, .max_waiting = 16, .overload_wait = 300ms};
    Fixture f(rules);
    const auto seed = std::random_device()();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto any = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
    std::set<TicketPtr> waiting;
    std::set<TicketPtr> running;
    std::map<TicketPtr, int> ends;
    std::size_t admitted = 0;
    for (int step = 0; step < 20'000; ++step) {
        f.now += std::chrono::milliseconds(any(20));
        f.cost = std::chrono::milliseconds(1 + any(200));
        const unsigned what = any(10);
        if (what < 5) {
            const TicketPtr one = f.ticket(std::string(1, static_cast<char>('a' + any(6))), static_cast<Lane>(any(4)));
            if (f.scheduler.refuse(*one, f.now)) continue;
            f.scheduler.put(one, f.now);
            waiting.insert(one);
            ++admitted;
        } else if (what < 7 && running.size() < rules.converters) {
            const TicketPtr one = f.scheduler.take(f.now);
            REQUIRE((one != nullptr) == !waiting.empty());
            if (!one) continue;
            REQUIRE(waiting.erase(one) == 1);
            running.insert(one);
        } else if (what < 9 && !running.empty()) {
            const TicketPtr one = *running.begin();
            running.erase(one);
            f.scheduler.ended(one);
            if (any(10) == 0) {
                f.scheduler.put_first(one, f.now);
                waiting.insert(one);
            } else {
                ++ends[one];
            }
        } else if (what == 9 && !waiting.empty()) {
            const TicketPtr one = *std::next(waiting.begin(), any(static_cast<unsigned>(waiting.size())));
            REQUIRE(f.scheduler.remove(one));
            REQUIRE_FALSE(f.scheduler.remove(one));
            waiting.erase(one);
            ++ends[one];
        }
        REQUIRE(f.scheduler.waiting() == waiting.size());
        REQUIRE(f.scheduler.running() == running.size());
        for (const Lane lane : {Lane::interactive, Lane::upload, Lane::background}) {
            REQUIRE(f.scheduler.waiting(lane) <= rules.max_waiting + rules.converters);
        }
    }
    for (const TicketPtr& one : f.scheduler.remove_all()) ++ends[one];
    for (const TicketPtr& one : running) ++ends[one];
    CHECK(f.scheduler.waiting() == 0);
    CHECK(ends.size() == admitted);
    CHECK(std::ranges::all_of(ends, [](const auto& end) { return end.second == 1; }));
    f.scheduler = Scheduler(rules);
    f.occupy();
    CHECK(f.scheduler.expected_wait(*f.ticket("a"), f.now) == 0ms);
}
