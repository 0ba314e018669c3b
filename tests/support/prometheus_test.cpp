// The instrument by which tests read metrics.
#include "tests/support/prometheus.hpp"

#include "tests/support/catch.hpp"

using namespace thumbgate::test;

namespace {

constexpr const char* kPage = R"(# HELP a_total Things that happened.
# TYPE a_total counter
a_total 1
a_total{x="1",yy="b c"} 2.5
# HELP h_seconds How long they took.
# TYPE h_seconds histogram
h_seconds_bucket{le="+Inf"} 3
h_seconds_sum 1e-3
h_seconds_count{z="1"} 3
)";

}  // namespace

TEST_CASE("a metric is the sum of the series that carry the labels") {
    CHECK(metric(kPage, "a_total") == 3.5);
    CHECK(metric(kPage, "a_total", {{"x", "1"}}) == 2.5);
    CHECK(metric(kPage, "a_total", {{"yy", "b c"}, {"x", "1"}}) == 2.5);
    CHECK(metric(kPage, "a_total", {{"y", "b c"}}) == 0);
    CHECK(metric(kPage, "h_seconds_count") == 3);
    CHECK(metric(kPage, "h_seconds_sum") == Approx(0.001));
}

TEST_CASE("a page of metrics is faulted for what is no series and for what has no help text") {
    CHECK(faults_in_metrics(kPage).empty());
    const std::string page = std::string(kPage) + "nonsense\nnever_described 1\n# TYPE typed gauge\ntyped 1\n";
    CHECK(faults_in_metrics(page) == std::vector<std::string>{"nonsense", "never_described 1", "typed 1"});
}
