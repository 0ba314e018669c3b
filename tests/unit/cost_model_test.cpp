// What the broker expects a job to take.
#include "backend/conversion/cost_model.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate;
using namespace std::chrono_literals;

TEST_CASE("without experience a large source takes longer than a small one, and AVIF longer than JPEG") {
    const CostModel costs;
    CHECK(costs.estimate("jpeg", 100'000) > 0ms);
    CHECK(costs.estimate("jpeg", 100'000) < 50ms);
    CHECK(costs.estimate("jpeg", 20 << 20) > costs.estimate("jpeg", 100'000));
    CHECK(costs.estimate("avif", 100'000) > costs.estimate("jpeg", 100'000));
    CHECK(costs.estimate("inspect", 1ULL << 50U) < 1min + 30s);
}

TEST_CASE("what jobs took is learnt for their kind and size alone, the latest counting most") {
    CostModel costs;
    const auto before = costs.estimate("jpeg", 100'000);
    costs.learn("avif", 100'000, 800ms);
    CHECK(costs.estimate("avif", 120'000) == 800ms);
    CHECK(costs.estimate("jpeg", 100'000) == before);
    CHECK(costs.estimate("avif", 10'000'000) != 800ms);
    costs.learn("avif", 100'000, 300ms);
    CHECK(costs.estimate("avif", 100'000) == 700ms);
    for (int i = 0; i < 50; ++i) costs.learn("avif", 100'000, 300ms);
    CHECK(costs.estimate("avif", 100'000) < 310ms);
}

TEST_CASE("sizes and labels that nobody knows have a place in the table") {
    CostModel costs;
    costs.learn("jxl", 0, 0ms);
    CHECK(costs.estimate("jxl", 0) > 0ms);
    costs.learn("jpeg", UINT64_MAX, 5s);
    CHECK(costs.estimate("jpeg", UINT64_MAX) == 5s);
    CHECK(costs.estimate("jpeg", 1ULL << 60U) == 5s);
}
