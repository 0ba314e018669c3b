// SVG through a pool: its converters are of a kind of their own, and come with the first one.
#include "tests/support/bombs.hpp"
#include "tests/support/files.hpp"
#include "tests/support/image.hpp"
#include "tests/unit/pool_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

namespace fs = std::filesystem;

const JobTerms kSvg{.is_svg = true};

struct SvgPool : PoolFixture {
    explicit SvgPool(const PoolConfig& config = config_of(1)) : PoolFixture(config) {
        write_file(drawing,
                   "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'>"
                   "<rect width='40' height='20' fill='red'/><text y='15'>Text</text></svg>");
    }

    // Zygotes of the kind that reads SVG.
    std::vector<pid_t> svg_zygotes() const {
        std::vector<pid_t> all = children_of(getpid());
        std::erase_if(all, [](pid_t pid) { return command_line(pid).find("--svg") == std::string::npos; });
        return all;
    }

    TempDir dir;
    fs::path drawing = dir / "drawing.svg";
};

}  // namespace

TEST_CASE_METHOD(SvgPool, "The first SVG starts the converters that read it, and the next one finds them") {
    CHECK(result(inspect(photos::storm().path)));
    CHECK(svg_zygotes().empty());
    CHECK(observed.svg_layers.empty());
    const auto facts = result(inspect(drawing, kSvg));
    REQUIRE(facts);
    CHECK(facts->format == SourceFormat::svg);
    CHECK(facts->width == 40);
    const auto picture = result(convert(drawing, to(Format::png, 400), kSvg));
    REQUIRE(picture);
    CHECK(inspect_bytes(picture->bytes).width == 400);
    REQUIRE(svg_zygotes().size() == 1);
    CHECK(children_of(svg_zygotes().front()).size() == 1);
    CHECK(observed.svg_layers.size() == 1);
    CHECK(observed.replaced.empty());
}

TEST_CASE_METHOD(SvgPool, "SVGs that come at the same time share one start") {
    std::vector<Pending<Picture>> jobs;
    for (int i = 0; i < 8; ++i) jobs.push_back(convert(drawing, to(Format::jpeg, 100), kSvg));
    for (const auto& job : jobs) CHECK(result(job));
    CHECK(svg_zygotes().size() == 1);
    CHECK(run_until([&] { return observed.waiting[Lane::interactive] == 0; }));
}

TEST_CASE_METHOD(SvgPool, "What is made of SVG in the background is made as well") {
    JobTerms terms = kSvg;
    terms.lane = Lane::background;
    CHECK(result(convert(drawing, to(Format::avif, 40), terms)));
}

TEST_CASE_METHOD(SvgPool, "A source that is not what it is said to be is refused by either kind of converter") {
    CHECK(code(result(inspect(drawing))) == "no_codec");
    CHECK(code(result(inspect(photos::storm().path, kSvg))) == "no_codec");
    CHECK(code(result(convert(drawing, to(Format::jpeg, 10)))) == "no_codec");
    CHECK(observed.replaced.empty());
}

TEST_CASE("Without converters for it SVG is refused, and said so") {
    PoolConfig config = config_of(1);
    config.svg_converters = 0;
    SvgPool pool(config);
    const auto refused = pool.result(pool.inspect(pool.drawing, kSvg));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 415);
    CHECK(refused.error().code == "no_codec");
    CHECK_THAT(refused.error().message, contains("SVG is not read"));
    CHECK(pool.svg_zygotes().empty());
}

TEST_CASE_METHOD(SvgPool, "A converter that is killed in the middle of an SVG is replaced, and so is its zygote") {
    REQUIRE(result(inspect(drawing, kSvg)));
    signal_all(children_of(svg_zygotes().front()), SIGKILL);
    CHECK(result(convert(drawing, to(Format::jpeg, 10), kSvg)));
    signal_all(svg_zygotes(), SIGKILL);
    REQUIRE(run_until([&] { return observed.replaced["zygote"] == 1; }));
    CHECK(result(convert(drawing, to(Format::jpeg, 20), kSvg)));
    CHECK(result(inspect(photos::storm().path)));
}

TEST_CASE_METHOD(SvgPool, "A drawing whose parts use each other a trillion times is refused by librsvg") {
    write_file(drawing, bombs::svg_of_uses(12));
    CHECK(code(result(inspect(drawing, kSvg))) == "corrupt");
    CHECK(observed.replaced.empty());
}

TEST_CASE("A drawing that takes for ever costs its own job") {
    PoolConfig config = config_of(1);
    config.job_timeout = 5s;
    SvgPool pool(config);
    std::string layers;
    for (int i = 0; i < 250; ++i) {
        layers += "<rect width='100%' height='100%' filter='url(#f)'/>";
    }
    write_file(pool.drawing,
               "<svg xmlns='http://www.w3.org/2000/svg' width='500' height='500'><filter id='f'>"
               "<feTurbulence baseFrequency='.1' numOctaves='100'/></filter>" +
                   layers + "</svg>");
    const auto refused = pool.result(pool.inspect(pool.drawing, kSvg));
    // Whichever way a busy machine has it.
    CHECK((code(refused) == "timeout" || code(refused) == "starved"));
    CHECK(pool.result(pool.inspect(photos::storm().path)));
}

TEST_CASE_METHOD(SvgPool, "A pool that is stopped while its first SVG waits ends") {
    const auto waits = inspect(drawing, kSvg);
    run_until([&] { return !svg_zygotes().empty(); });
    pool->stop();
    CHECK_FALSE(result(waits));
    CHECK(run_until([&] { return svg_zygotes().empty(); }));
}
