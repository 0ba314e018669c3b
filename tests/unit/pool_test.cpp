// The pool at work: jobs, the queue, errors, starting and stopping. See pool_faults_test.cpp for what breaks.
#include <cstdlib>

#include "tests/support/files.hpp"
#include "tests/support/image.hpp"
#include "tests/unit/pool_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace fs = std::filesystem;

TEST_CASE("The pool converts and inspects") {
    PoolFixture fixture;
    const auto picture = fixture.result(fixture.convert(photos::storm().path, to(Format::webp, 320)));
    REQUIRE(picture);
    CHECK(picture->width == 320);
    CHECK(picture->height == 213);
    CHECK(inspect_bytes(picture->bytes).format == "webp");
    const auto facts = fixture.result(fixture.inspect(photos::storm().path));
    REQUIRE(facts);
    CHECK(facts->format == SourceFormat::jpeg);
    CHECK(facts->width == 1920);
    CHECK(fixture.observed.jobs == std::map<std::string, int>{{"inspect ok", 1}, {"webp ok", 1}});
}

TEST_CASE("More jobs than converters wait for their turn") {
    PoolFixture fixture;
    std::vector<Pending<Picture>> jobs;
    for (int i = 0; i < 20; ++i) jobs.push_back(fixture.convert(photos::meadow().path, to(Format::jpeg, 160)));
    for (const auto& job : jobs) CHECK(fixture.result(job));
    CHECK(fixture.observed.most_waiting >= 18);
    CHECK(fixture.observed.busy == 0);
    CHECK(fixture.observed.replaced.empty());
}

TEST_CASE("What is wrong with a picture becomes an error that says so") {
    const TempDir dir;
    write_file(dir / "text", "no picture");
    PoolConfig config = config_of(1);
    config.max_pixels = 3'000'000;
    PoolFixture fixture(config);
    const auto error_of = [&](const fs::path& path) {
        const auto result = fixture.result(fixture.inspect(path));
        REQUIRE_FALSE(result);
        return result.error();
    };
    CHECK(error_of(dir / "text").status == 415);
    CHECK(error_of(dir / "text").code == "unsupported");
    const Error corrupt = error_of(photos::truncated(photos::storm(), .5, dir.path()).path);
    CHECK(corrupt.status == 422);
    CHECK(corrupt.code == "corrupt");
    CHECK_THAT(corrupt.detail, contains("decode"));
    const Error bomb = error_of(photos::autumn().path);
    CHECK(bomb.status == 422);
    CHECK(bomb.code == "too_many_pixels");
    CHECK_THAT(bomb.message, contains("3 megapixels"));
}

TEST_CASE("A full queue refuses at once") {
    PoolConfig config = config_of(1);
    config.max_queue = 1;
    PoolFixture fixture(config);
    const auto running = fixture.convert_slowly();
    REQUIRE(fixture.wait_until_busy(1));
    const auto waiting = fixture.inspect(photos::storm().path);
    const auto refused = fixture.result(fixture.inspect(photos::storm().path));
    CHECK(code(refused) == "queue_full");
    CHECK(refused.error().status == 503);
    CHECK(refused.error().retry_after.has_value());
    CHECK_FALSE(running->has_value());
    CHECK(fixture.result(waiting));
}

TEST_CASE("A job that waits too long is refused") {
    PoolConfig config = config_of(1);
    config.queue_timeout = 50ms;
    PoolFixture fixture(config);
    const auto running = fixture.convert_slowly();
    REQUIRE(fixture.wait_until_busy(1));
    CHECK(code(fixture.result(fixture.inspect(photos::storm().path))) == "queue_timeout");
    CHECK(code(fixture.result(running)) == "ok");
}

TEST_CASE("A converter is replaced after its last job") {
    PoolConfig config = config_of(1);
    config.jobs_per_converter = 2;
    PoolFixture fixture(config);
    for (int i = 0; i < 5; ++i) CHECK(fixture.result(fixture.inspect(photos::meadow().path)));
    CHECK(fixture.observed.replaced == std::map<std::string, int>{{"retired", 2}});
}

TEST_CASE("Stopping refuses what waits and what runs, and leaves no process") {
    PoolFixture fixture(config_of(1));
    const auto running = fixture.convert_slowly();
    REQUIRE(fixture.wait_until_busy(1));
    const auto waiting = fixture.inspect(photos::storm().path);
    fixture.run_until([] { return false; }, 10ms);
    const auto processes = descendants_of(getpid());
    fixture.pool->stop();
    fixture.pool->stop();
    CHECK(code(fixture.result(running)) == "stopping");
    CHECK(code(fixture.result(waiting)) == "stopping");
    CHECK(code(fixture.result(fixture.inspect(photos::storm().path))) == "stopping");
    CHECK(wait_until(2s, [] { return descendants_of(getpid()).empty(); }));
    CHECK(processes.size() == 2);
}

TEST_CASE("A pool that cannot start says why") {
    boost::asio::io_context context;
    Observed observed;
    PoolConfig config = config_of(1);
    config.program = "/nonexistent/thumbgate-converter";
    const auto missing = ConverterPool::start(context.get_executor(), config, observed);
    REQUIRE_FALSE(missing);
    CHECK_THAT(missing.error().detail, contains("/nonexistent/thumbgate-converter: No such file"));
    config.program = "/bin/true";
    const auto other = ConverterPool::start(context.get_executor(), config, observed);
    REQUIRE_FALSE(other);
    CHECK_THAT(other.error().detail, contains("ended before it was ready"));
}

TEST_CASE("Neither zygote nor converter has what the broker has") {
    setenv("THUMBGATE_TEST_SECRET", "hidden", 1);
    const TempDir dir;
    write_file(dir / "secret", "hidden");
    const int inheritable = open((dir / "secret").c_str(), O_RDONLY);  // NOLINT(android-cloexec-open): on purpose
    {
        PoolFixture fixture(config_of(1));
        for (const pid_t pid : descendants_of(getpid())) {
            const fs::path proc = "/proc/" + std::to_string(pid);
            CHECK(read_if_there(proc / "environ").find("SECRET") == std::string::npos);
            std::error_code denied;
            for (const auto& entry : fs::directory_iterator(proc / "fd", denied)) {
                CHECK(fs::read_symlink(entry.path(), denied) != dir / "secret");
            }
        }
    }
    close(inheritable);
}

TEST_CASE("A caller that gives up leaves the queue") {
    PoolFixture fixture(config_of(1));
    const auto running = fixture.convert_slowly();
    REQUIRE(fixture.wait_until_busy(1));
    const auto given_up = fixture.inspect(photos::storm().path);
    fixture.run_until([] { return false; }, 10ms);
    fixture.give_up();
    CHECK(code(fixture.result(running)) == "ok");
    fixture.run_until([] { return false; }, 50ms);
    CHECK_FALSE(given_up->has_value());
    CHECK(fixture.observed.started == 1);
}
