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

TEST_CASE("A job that waits longer than was expected is refused in the end") {
    PoolConfig config = config_of(1);
    config.queue_timeout = 500ms;
    PoolFixture fixture(config);
    const auto stopped = fixture.converters();
    signal_all(stopped, SIGSTOP);
    const auto running = fixture.inspect(photos::storm().path);
    REQUIRE(fixture.wait_until_busy(1));
    CHECK(code(fixture.result(fixture.inspect(photos::storm().path))) == "queue_timeout");
    CHECK(fixture.observed.refused == std::map<std::string, int>{{"queue_timeout", 1}});
    signal_all(stopped, SIGCONT);
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
    CHECK(processes.size() == 3);  // the zygote, and a converter of each group
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

TEST_CASE("AVIF and background work run on converters of a lower priority, and nothing else does") {
    PoolFixture fixture(config_of(1));
    REQUIRE(fixture.converters().size() == 1);
    REQUIRE(fixture.slow_converters().size() == 1);
    signal_all(fixture.slow_converters(), SIGSTOP);
    const auto avif = fixture.convert(photos::meadow().path, to(Format::avif, 160));
    Conversion negotiated;
    negotiated.options.width = 160;
    negotiated.accepted = FormatSet().with(Format::avif).with(Format::webp);
    const auto negotiated_avif = fixture.convert(photos::meadow().path, negotiated);
    const auto background = fixture.convert(photos::meadow().path, to(Format::jpeg, 160), {.lane = Lane::background});
    CHECK(fixture.result(fixture.convert(photos::meadow().path, to(Format::jpeg, 160))));
    CHECK(fixture.result(fixture.inspect(photos::meadow().path, {.lane = Lane::upload})));
    CHECK(fixture.observed.slow_busy == 1);
    CHECK(fixture.observed.busy == 0);
    CHECK_FALSE(avif->has_value());
    CHECK_FALSE(negotiated_avif->has_value());
    CHECK_FALSE(background->has_value());
    CHECK(fixture.observed.waiting[Lane::interactive] == 1);
    CHECK(fixture.observed.waiting[Lane::background] == 1);
    signal_all(fixture.slow_converters(), SIGCONT);
    CHECK(fixture.result(avif));
    CHECK(fixture.result(negotiated_avif));
    CHECK(fixture.result(background));
}

TEST_CASE("a client's flood is refused, and another client's job is done before it") {
    PoolConfig config = config_of(1);
    config.max_queue = 16;
    PoolFixture fixture(config);
    const auto running = fixture.convert_slowly();
    REQUIRE(fixture.wait_until_busy(1));
    const JobTerms flood{.client = "192.0.2.1"};
    std::vector<Pending<PictureFacts>> jobs;
    for (int i = 0; i < 20; ++i) jobs.push_back(fixture.inspect(photos::meadow().path, flood));
    fixture.run_until([] { return false; }, 10ms);
    CHECK(fixture.observed.waiting[Lane::interactive] == 8);
    CHECK(fixture.observed.refused["queue_full"] == 12);
    const auto light = fixture.inspect(photos::meadow().path, {.client = "192.0.2.2"});
    REQUIRE(fixture.result(light));
    const auto done = [](const auto& job) { return job->has_value() && (**job).has_value(); };
    CHECK(std::ranges::count_if(jobs, done) <= 2);
    for (const auto& job : jobs) fixture.result(job);
}

TEST_CASE("a job that cannot be done in time is refused at once, with a time to come again") {
    PoolFixture fixture(config_of(1));
    const auto past = fixture.result(fixture.inspect(photos::storm().path, {.deadline = after(-1ms)}));
    CHECK(code(past) == "deadline_passed");
    const auto stopped = fixture.converters();
    signal_all(stopped, SIGSTOP);
    const auto running = fixture.inspect(photos::storm().path);
    REQUIRE(fixture.wait_until_busy(1));
    fixture.run_until([] { return false; }, 300ms);  // it takes longer than was thought, and maybe as long again
    const auto late = fixture.result(fixture.inspect(photos::storm().path, {.deadline = after(50ms)}));
    CHECK(code(late) == "would_be_late");
    CHECK(late.error().status == 503);
    CHECK(late.error().retry_after >= 1s);
    signal_all(stopped, SIGCONT);
    CHECK(fixture.result(running));
}

TEST_CASE("a caller is answered at its deadline, and the job that runs then runs on") {
    PoolFixture fixture(config_of(1));
    const auto stopped = fixture.converters();
    signal_all(stopped, SIGSTOP);
    const auto job = fixture.inspect(photos::storm().path, {.deadline = after(200ms)});
    CHECK(code(fixture.result(job)) == "late");
    CHECK(fixture.observed.busy == 1);
    signal_all(stopped, SIGCONT);
    CHECK(fixture.run_until([&] { return fixture.observed.busy == 0; }));
    CHECK(fixture.observed.jobs["inspect ok"] == 1);
    CHECK(fixture.observed.replaced.empty());
}

TEST_CASE("a converter that ever held much memory is replaced after its job") {
    PoolConfig config = config_of(1);
    config.converter_retire_memory = 1;
    PoolFixture fixture(config);
    for (int i = 0; i < 3; ++i) CHECK(fixture.result(fixture.inspect(photos::meadow().path)));
    CHECK(fixture.observed.replaced == std::map<std::string, int>{{"retired", 3}});
}

TEST_CASE("a converter that held less memory than that stays") {
    PoolFixture fixture(config_of(1));
    for (int i = 0; i < 3; ++i) CHECK(fixture.result(fixture.inspect(photos::meadow().path)));
    CHECK(fixture.observed.replaced.empty());
}
