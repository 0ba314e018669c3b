// The rate limit's core with a clock of the test's own.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>
#include <thread>
#include <vector>

#include "nginx-module/rate_limit/gcra.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate::edge;

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kStart = 1000 * kSecond;

struct Table {
    std::vector<GcraSlot> slots;
    GcraTable table;
    explicit Table(std::size_t sets) : slots(sets * kSlotsInSet), table(slots) {}
};

// A table whose memory forked processes share.
struct SharedTable {
    std::span<GcraSlot> slots;
    explicit SharedTable(std::size_t sets) {
        const std::size_t count = sets * kSlotsInSet;
        void* memory =
            mmap(nullptr, count * sizeof(GcraSlot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        REQUIRE(memory != MAP_FAILED);
        slots = {static_cast<GcraSlot*>(memory), count};
    }
    SharedTable(const SharedTable&) = delete;
    ~SharedTable() { munmap(slots.data(), slots.size_bytes()); }
    GcraTable table() const { return GcraTable(slots); }
};

template <typename Work>
pid_t fork_worker(Work work) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    work();
    _exit(0);
}

}  // namespace

TEST_CASE("a key that was idle may use its burst at once and then its rate") {
    Table limit(1);
    const Rate rate{kSecond, 4};
    for (const std::uint64_t left : {4, 3, 2, 1, 0}) {
        const Decision decision = limit.table.charge(7, kStart, rate);
        CHECK(decision.allowed);
        CHECK(decision.remaining == left);
    }
    const Decision denied = limit.table.charge(7, kStart, rate);
    CHECK_FALSE(denied.allowed);
    CHECK(denied.retry_after_ns == kSecond);
    CHECK(denied.reset_ns == 5 * kSecond);
    CHECK_FALSE(limit.table.charge(7, kStart + kSecond - 1, rate).allowed);
    CHECK(limit.table.charge(7, kStart + kSecond, rate).allowed);
    CHECK_FALSE(limit.table.charge(7, kStart + kSecond, rate).allowed);
}

TEST_CASE("over any hour a steady flood passes at the rate and no faster") {
    Table limit(1);
    const Rate rate{60 * kSecond / 7, 0};  // 7 a minute
    int passed = 0;
    for (std::uint64_t ms = 0; ms < 3'600'000; ms += 10) {
        passed += limit.table.charge(7, kStart + ms * 1'000'000, rate).allowed ? 1 : 0;
    }
    CHECK(passed >= 7 * 60 - 1);
    CHECK(passed <= 7 * 60 + 1);
}

TEST_CASE("a denied request is not charged") {
    Table limit(1);
    const Rate rate{kSecond, 0};
    CHECK(limit.table.charge(7, kStart, rate).allowed);
    for (int i = 0; i < 100; ++i) CHECK_FALSE(limit.table.charge(7, kStart, rate).allowed);
    CHECK(limit.table.charge(7, kStart + kSecond, rate).allowed);
}

TEST_CASE("a full set gives up an idle key before one that still owes") {
    Table limit(1);
    const Rate rate{kSecond, 0};
    CHECK(limit.table.charge(1, kStart, rate).allowed);
    for (std::uint64_t key = 2; key <= kSlotsInSet; ++key)
        CHECK(limit.table.charge(key, kStart + 10 * kSecond, rate).allowed);
    // The set is full; key 1 alone owes nothing now.
    CHECK(limit.table.charge(99, kStart + 10 * kSecond, rate).allowed);
    for (std::uint64_t key = 2; key <= kSlotsInSet; ++key) {
        CHECK_FALSE(limit.table.charge(key, kStart + 10 * kSecond, rate).allowed);
    }
}

TEST_CASE("a key does not pay what the slot's former key owed") {
    Table limit(1);
    const Rate rate{kSecond, 9};
    for (std::uint64_t key = 1; key <= kSlotsInSet; ++key) {
        for (int i = 0; i < 10; ++i) CHECK(limit.table.charge(key, kStart, rate).allowed);
    }
    CHECK(limit.table.charge(99, kStart, rate).remaining == 9);
}

TEST_CASE("threads that charge one key together never pass more than its quota") {
    for (int round = 0; round < 50; ++round) {
        Table limit(1);
        const Rate rate{3600 * kSecond, 99};
        std::atomic<int> passed = 0;
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int j = 0; j < 100; ++j) passed += limit.table.charge(7, kStart, rate).allowed ? 1 : 0;
            });
        }
        threads.clear();
        // Threads that claim slots for a new key at the same moment may each pass one in a slot that is then dropped.
        CHECK(passed >= 100);
        CHECK(passed <= 103);
    }
}

TEST_CASE("whatever keys come, no full set frees one that is over its limit while an idle one is beside it") {
    std::mt19937_64 random(1);
    Table limit(1);
    const Rate rate{kSecond, 1};
    std::map<std::uint64_t, std::uint64_t> denied_until;  // by key, as the table itself said
    std::uint64_t now = kStart;
    for (int i = 0; i < 100'000; ++i) {
        now += random() % (kSecond / 2);
        const std::uint64_t key = random() % 40 + 1;
        std::erase_if(denied_until, [&](const auto& entry) { return entry.second <= now; });
        // Keys that owe something are no more than slots: then every one of them must be remembered.
        const auto over = denied_until.find(key);
        const Decision decision = limit.table.charge(key, now, rate);
        if (over != denied_until.end()) REQUIRE_FALSE(decision.allowed);
        if (!decision.allowed) denied_until[key] = now + decision.retry_after_ns;
        const auto owing = std::ranges::count_if(limit.slots, [&](const GcraSlot& slot) { return slot.tat_ns > now; });
        if (owing == static_cast<std::ptrdiff_t>(kSlotsInSet)) denied_until.clear();  // from here one may give way
    }
}

TEST_CASE("a million keys fit in 24 MB: nearly all of them are remembered at once") {
    constexpr std::size_t kKeys = 1'000'000;
    Table limit(24'000'000 / sizeof(GcraSlot) / kSlotsInSet);
    const Rate rate{3600 * kSecond, 0};
    std::mt19937_64 fingerprints(7);
    for (std::size_t i = 0; i < kKeys; ++i) REQUIRE(limit.table.charge(fingerprints(), kStart, rate).allowed);
    std::mt19937_64 again(7);
    std::size_t remembered = 0;
    for (std::size_t i = 0; i < kKeys; ++i) {
        const std::uint64_t key = again();
        remembered += limit.table.charge(key, kStart + kSecond, rate).allowed ? 0 : 1;
    }
    CHECK(remembered >= kKeys * 9999 / 10'000);
}

TEST_CASE("processes that hammer one key in a full set, beside keys that come and go, pass its quota and no more") {
    constexpr int kProcesses = 4;
    constexpr std::uint64_t kQuota = 1000;
    const SharedTable shared(1);
    const SharedTable count(1);  // its first word counts what passed
    std::atomic<std::uint64_t>& passed = count.slots[0].tat_ns;
    std::vector<pid_t> workers;
    for (int process = 0; process < kProcesses; ++process) {
        workers.push_back(fork_worker([&] {
            GcraTable table = shared.table();
            std::mt19937_64 random(static_cast<std::uint64_t>(process));
            for (int i = 0; i < 20'000; ++i) {
                table.charge(random() | 1U << 20U, kStart, {1, 0});
                if (table.charge(7, kStart, {3600 * kSecond, kQuota - 1}).allowed) ++passed;
            }
        }));
    }
    for (const pid_t worker : workers) waitpid(worker, nullptr, 0);
    CHECK(passed >= kQuota);
    CHECK(passed <= kQuota + kProcesses - 1);
}

TEST_CASE("processes that are killed anywhere in a decision leave a table that limits as before") {
    const SharedTable shared(1);
    for (int round = 0; round < 200; ++round) {
        const pid_t worker = fork_worker([&] {
            GcraTable table = shared.table();
            std::mt19937_64 random(static_cast<std::uint64_t>(round));
            for (;;) table.charge(random(), kStart, {kSecond, 1});
        });
        usleep(static_cast<useconds_t>(200 + round));
        kill(worker, SIGKILL);
        waitpid(worker, nullptr, 0);
        GcraTable table = shared.table();
        const auto key = static_cast<std::uint64_t>(round) + 1;
        const std::uint64_t later = kStart + static_cast<std::uint64_t>(round + 1) * 10 * kSecond;
        CHECK(table.charge(key, later, {kSecond, 1}).allowed);
        CHECK(table.charge(key, later, {kSecond, 1}).allowed);
        CHECK_FALSE(table.charge(key, later, {kSecond, 1}).allowed);
    }
}
