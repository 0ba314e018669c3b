// The rate limit's core with a clock of the test's own.
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
