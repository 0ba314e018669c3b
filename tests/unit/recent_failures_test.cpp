// What failed is remembered for its time, in bounded memory.
#include "backend/photos/recent_failures.hpp"

#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace std::chrono_literals;

namespace {

const RecentFailures::Time kStart{1000s};

}  // namespace

TEST_CASE("a failure is remembered for its time, and then anew") {
    RecentFailures failures(10min, 100);
    failures.add("a", kStart);
    CHECK(failures.holds("a", kStart + 9min));
    CHECK_FALSE(failures.holds("b", kStart));
    failures.add("a", kStart + 9min);
    CHECK_FALSE(failures.holds("a", kStart + 10min));
    failures.add("a", kStart + 15min);
    CHECK(failures.holds("a", kStart + 24min));
    failures.add("b", kStart + 25min);
    CHECK(failures.size() == 1);
    CHECK(failures.holds("b", kStart + 25min));
}

TEST_CASE("one failure too many, and the oldest is forgotten") {
    RecentFailures failures(10min, 3);
    for (const char* key : {"a", "b", "c", "d"}) failures.add(key, kStart);
    CHECK(failures.size() == 3);
    CHECK_FALSE(failures.holds("a", kStart));
    CHECK(failures.holds("d", kStart));
    for (int i = 0; i < 1000; ++i) failures.add("e", kStart);
    CHECK(failures.size() == 3);
    CHECK(failures.holds("c", kStart));
    CHECK(failures.holds("e", kStart));
}
