// The coalescing core: one leader a key, and nobody waits for one that is over or whose process died.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "nginx-module/coalesce/flights.hpp"
#include "nginx-module/coalesce/recent_keys.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate::edge;

namespace {

constexpr HotKey kKey{1, 1};
constexpr std::uint64_t kNow = 1'000'000;
constexpr std::uint64_t kMaxAge = 1000;
constexpr FetchResult kStored{.end = FetchEnd::stored, .holds_ms = 5};

// Memory that forked processes share.
class Memory {
  public:
    Memory() {
        data_ = ::mmap(nullptr, Flights::memory_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        REQUIRE(data_ != MAP_FAILED);
        Flights::format(span());
    }
    ~Memory() { ::munmap(data_, Flights::memory_size()); }
    Memory(const Memory&) = delete;
    std::span<std::uint8_t> span() const { return {static_cast<std::uint8_t*>(data_), Flights::memory_size()}; }

  private:
    void* data_;
};

// One worker's view. Several of one process do for several processes, as long as none of them dies.
struct Worker {
    explicit Worker(const Memory& memory) : flights(memory.span(), [this](std::size_t who) { woke.insert(who); }) {
        REQUIRE(flights.attach());
    }
    FlightJoin join(const HotKey& key = kKey, std::uint64_t now = kNow) { return flights.join(key, now, kMaxAge); }

    std::set<std::size_t> woke;
    Flights flights;
};

// Runs `act` in a process of its own, which dies as it returns, without any clean-up.
template <typename Act>
void in_dying_process(const Memory& memory, Act act) {
    const pid_t child = ::fork();
    if (child == 0) {
        auto* flights = new Flights(memory.span(), [](std::size_t) {});
        flights->attach();
        act(*flights);
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
}

}  // namespace

TEST_CASE("a worker whose clock is a moment behind waits for a fetch that began after it") {
    const Memory memory;
    Worker a(memory);
    Worker b(memory);
    CHECK(a.join(kKey, kNow).role == FlightRole::leader);
    CHECK(b.join(kKey, kNow - 1).role == FlightRole::waiter);
}

TEST_CASE("the first of a key leads, the others wait, and all learn how it ended") {
    const Memory memory;
    Worker a(memory);
    Worker b(memory);
    const FlightJoin leader = a.join();
    const FlightJoin near = a.join();
    const FlightJoin far = b.join();
    CHECK(leader.role == FlightRole::leader);
    CHECK(near.role == FlightRole::waiter);
    CHECK(far.role == FlightRole::waiter);
    CHECK_FALSE(b.flights.result(far.ticket));
    a.flights.finish(leader.ticket, kStored);
    CHECK(a.woke == std::set{a.flights.worker(), b.flights.worker()});
    CHECK(a.flights.result(near.ticket)->end == FetchEnd::stored);
    const auto result = b.flights.result(far.ticket);
    REQUIRE(result);
    CHECK(result->end == FetchEnd::stored);
    CHECK(result->holds_ms == 5);
    CHECK(b.join().role == FlightRole::leader);
}

TEST_CASE("keys do not wait for each other, and whoever comes after the end leads anew") {
    const Memory memory;
    Worker a(memory);
    Worker b(memory);
    const FlightJoin first = a.join();
    const FlightJoin waiter = b.join();
    CHECK(b.join({2, 2}).role == FlightRole::leader);
    a.flights.finish(first.ticket, {.end = FetchEnd::failed, .status = 503, .retry_after = 7});
    // The result stays for those who waited, while the next fetch of the key is under way.
    CHECK(a.join().role == FlightRole::leader);
    const auto result = b.flights.result(waiter.ticket);
    REQUIRE(result);
    CHECK(result->status == 503);
    CHECK(result->retry_after == 7);
}

TEST_CASE("a flight nobody waits for wakes nobody, and neither does one whose waiters left") {
    const Memory memory;
    Worker a(memory);
    Worker b(memory);
    const FlightJoin first = a.join();
    const FlightJoin waiter = b.join();
    b.flights.leave(waiter.ticket);
    a.flights.finish(first.ticket, kStored);
    CHECK(a.woke.empty());
    CHECK(b.flights.result(waiter.ticket)->end == FetchEnd::abandoned);
}

TEST_CASE("a flight that takes too long is taken over, and its leader's word counts no more") {
    const Memory memory;
    Worker a(memory);
    Worker b(memory);
    const FlightJoin slow = a.join();
    const FlightJoin waiter = b.join();
    CHECK(b.join(kKey, kNow + kMaxAge - 1).role == FlightRole::waiter);
    const FlightJoin second = b.join(kKey, kNow + kMaxAge);
    CHECK(second.role == FlightRole::leader);
    CHECK(b.woke == std::set{b.flights.worker()});
    CHECK(b.flights.result(waiter.ticket)->end == FetchEnd::abandoned);
    a.flights.finish(slow.ticket, kStored);
    CHECK(a.join(kKey, kNow + kMaxAge + 1).role == FlightRole::waiter);
}

TEST_CASE("where there is no room for a key, it is asked for alone") {
    const Memory memory;
    Worker a(memory);
    // All of one set.
    std::size_t leaders = 0;
    for (std::uint64_t i = 0; i < 20; ++i) leaders += a.join({i, 0}).role == FlightRole::leader ? 1 : 0;
    CHECK(leaders == 8);
    CHECK(a.join({20, 0}).role == FlightRole::alone);
    CHECK(a.join({0, 0}).role == FlightRole::waiter);
}

TEST_CASE("a process beyond the last place asks alone") {
    const Memory memory;
    std::vector<std::unique_ptr<Worker>> workers;
    for (std::size_t i = 0; i < kFlightWorkers; ++i) workers.push_back(std::make_unique<Worker>(memory));
    Flights late(memory.span(), [](std::size_t) {});
    CHECK_FALSE(late.attach());
    CHECK(late.join(kKey, kNow, kMaxAge).role == FlightRole::alone);
    workers.pop_back();
    CHECK(late.attach());
    CHECK(late.join(kKey, kNow, kMaxAge).role == FlightRole::leader);
}

TEST_CASE("a process that ends abandons what it leads, and wakes those who wait") {
    const Memory memory;
    std::set<std::size_t> woke;
    auto leaving = std::make_unique<Flights>(memory.span(), [&](std::size_t who) { woke.insert(who); });
    REQUIRE(leaving->attach());
    Worker b(memory);
    CHECK(leaving->join(kKey, kNow, kMaxAge).role == FlightRole::leader);
    const FlightJoin waiter = b.join();
    leaving.reset();
    CHECK(woke == std::set{b.flights.worker()});
    CHECK(b.flights.result(waiter.ticket)->end == FetchEnd::abandoned);
    CHECK(b.join().role == FlightRole::leader);
}

TEST_CASE("what a killed process led is abandoned, and its place is free again") {
    const Memory memory;
    in_dying_process(memory, [](Flights& flights) { flights.join(kKey, kNow, kMaxAge); });
    Worker b(memory);  // attaching looks for the dead
    CHECK(b.flights.worker() == 0);
    CHECK(b.join().role == FlightRole::leader);
}

TEST_CASE("a process killed while others wait for it is found by the next look at the living") {
    const Memory memory;
    Worker b(memory);
    int ready[2];
    int go[2];
    REQUIRE((::pipe(ready) == 0 && ::pipe(go) == 0));
    const pid_t leader = ::fork();
    if (leader == 0) {
        auto* flights = new Flights(memory.span(), [](std::size_t) {});
        flights->attach();
        flights->join(kKey, kNow, kMaxAge);
        char byte = 0;
        if (::write(ready[1], &byte, 1) != 1 || ::read(go[0], &byte, 1) != 1) ::_exit(1);
        ::_exit(0);
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    const FlightJoin waiter = b.join();
    CHECK(waiter.role == FlightRole::waiter);
    b.flights.reclaim_dead();
    CHECK_FALSE(b.flights.result(waiter.ticket));
    ::kill(leader, SIGKILL);
    ::waitpid(leader, nullptr, 0);
    b.flights.reclaim_dead();
    CHECK(b.woke == std::set{b.flights.worker()});
    CHECK(b.flights.result(waiter.ticket)->end == FetchEnd::abandoned);
    for (const int fd : {ready[0], ready[1], go[0], go[1]}) ::close(fd);
}

TEST_CASE("a killed waiter keeps no flight in its place") {
    const Memory memory;
    Worker a(memory);
    std::vector<FlightJoin> led;
    for (std::uint64_t i = 0; i < 8; ++i) led.push_back(a.join({i, 0}));
    in_dying_process(memory, [](Flights& flights) {
        for (std::uint64_t i = 0; i < 8; ++i) flights.join({i, 0}, kNow, kMaxAge);
    });
    a.flights.reclaim_dead();
    for (const FlightJoin& join : led) a.flights.finish(join.ticket, kStored);
    CHECK(a.woke.empty());
    for (std::uint64_t i = 0; i < 8; ++i) CHECK(a.join({i + 100, 0}).role == FlightRole::leader);
}

TEST_CASE("a table of another layout is known as such") {
    const Memory memory;
    CHECK(Flights::is_formatted(memory.span()));
    memory.span()[0] ^= 1;
    CHECK_FALSE(Flights::is_formatted(memory.span()));
}

TEST_CASE("a recent key is known until its time, and not another that shares its place") {
    RecentKeys recent;
    recent.remember({5, 1}, 100);
    CHECK(recent.holds({5, 1}, 99));
    CHECK_FALSE(recent.holds({5, 1}, 100));
    CHECK_FALSE(recent.holds({5 + 1024, 1}, 99));
    recent.remember({5 + 1024, 1}, 100);
    CHECK_FALSE(recent.holds({5, 1}, 99));
}
