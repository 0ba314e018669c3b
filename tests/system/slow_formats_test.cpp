// What AVIF of large originals costs those who ask for small JPEGs meanwhile. THUMBGATE_OVERLOAD_SECONDS says for how
// long each is measured; the figures are printed.
#include <atomic>
#include <cstdlib>

#include "tests/support/catch.hpp"
#include "tests/support/load.hpp"
#include "tests/support/open_load.hpp"
#include "tests/support/process.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

milliseconds measured_time() {
    const char* text = std::getenv("THUMBGATE_OVERLOAD_SECONDS");
    return text != nullptr ? std::chrono::seconds(std::stoi(text)) : 5s;
}

// 6000 × 3375 pixels.
Photo twenty_megapixels(const std::filesystem::path& dir) {
    const Photo original = photos::large();
    const std::filesystem::path path = dir / "20mp.jpg";
    const RunResult made =
        run({"vips", "resize", original.path, path.string() + "[Q=90]", "1.171875"}, {.timeout = 60s});
    if (!made.ok()) FAIL(made.err);
    return {path, 6000, 3375};
}

bool is_good(const LoadAnswer& answer) {
    return answer.status == 200;
}

}  // namespace

TEST_CASE("small JPEGs are hardly slower while AVIF of large originals is being made") {
    const TempDir dir;
    Stack stack;
    const std::string large = stack.upload(twenty_megapixels(dir.path())).id;
    const std::string small = stack.upload(photos::storm()).id;
    size_t next = 0;
    const OpenLoad load{.port = stack.port(), .rate = 20, .duration = measured_time(), .target = [&](size_t) {
                            const size_t number = next++;
                            return stack.thumbnail(small, "/w:" + std::to_string(100 + number % 200) +
                                                              "/q:" + std::to_string(40 + number / 200) + "/f:jpg");
                        }};
    const auto alone = run(load);
    std::atomic<int> width = 300;
    Load avif(3, [&](unsigned, size_t) {
        get_once(stack.port(), stack.thumbnail(large, "/w:" + std::to_string(width++) + "/f:avif"));
        return Load::Outcome::right;
    });
    const bool begun = wait_until(
        20s, [&] { return stack.backend_metric("thumbgate_backend_converters_busy", {{"group", "slow"}}) > 0; });
    CHECK(begun);
    const auto beside = run(load);
    avif.stop();
    const double made = stack.backend_metric("thumbgate_backend_conversions_total", {{"format", "avif"}});
    const auto ms = [&](const auto& answers, double share) { return percentile(answers, share, is_good).count(); };
    WARN("JPEG alone: p50 " << ms(alone, .5) << " ms, p99 " << ms(alone, .99) << " ms; beside " << made
                            << " AVIF jobs: p50 " << ms(beside, .5) << " ms, p99 " << ms(beside, .99) << " ms; "
                            << alone.size() << " requests each");
    CHECK(std::ranges::all_of(alone, is_good));
    CHECK(std::ranges::all_of(beside, is_good));
    CHECK(made > 0);
    // Promised is twice; a machine that is busy with other programs has a p99 of its own.
    CHECK(ms(beside, .99) < 2 * ms(alone, .99) + 200);
}
