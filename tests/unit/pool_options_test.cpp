// Every option that changes a picture, through the pool: its checks of a converter's replies know what options do.
#include "contract/canonical.hpp"
#include "tests/unit/pipeline_fixture.hpp"
#include "tests/unit/pool_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

TEST_CASE_METHOD(ConverterFixture, "A pool gives of every option what its converter makes") {
    PoolFixture fixture(config_of(1));
    for (const std::string options :
         {"rs:fill-down:400:900", "rs:auto:300:100/g:fp:0.1:0.9", "w:100/mw:200/z:1:2", "s:300:300:0:1:so/bg:fa0",
          "s:400:300/exar:1:ea", "c:0.5:0.5:noea:10:20/w:200", "rot:90/fl:1/ar:0/w:200", "w:200/pd:5:10/f:webp",
          "w:200/bl:3/sh:1.5/pix:8", "w:400/bl:45", "w:300/fq:jpeg:40:webp:50", "w:300/mb:6000/f:webp",
          "w:200/pd:8/bl:2/pix:5/f:png", "w:200/c:0.5/bl:2/pd:8/f:avif"}) {
        CAPTURE(options);
        const auto link = parse_link("/" + options + "/plain/photo://a", Presets{});
        REQUIRE(link);
        const auto made = fixture.result(fixture.convert(photos::storm().path, reduce(*link, FormatSet{})));
        if (!made) FAIL(made.error().detail);
        const Converted expected = convert_link(photos::storm().path, options);
        CHECK(made->format == expected.reply.format);
        CHECK((made->bytes == expected.bytes));
    }
    CHECK(fixture.observed.replaced.empty());
}

TEST_CASE_METHOD(ConverterFixture,
                 "A pool gives its converters the watermark with each job that asks for it, and no other") {
    watermark = photos::meadow().path;
    watermark_opacity = 600;
    PoolConfig config = config_of(2);
    config.watermark = WatermarkPicture::read({.picture = watermark, .opacity = watermark_opacity}).value();
    PoolFixture fixture(config);
    std::vector<std::pair<std::string, Pending<Picture>>> pending;
    for (int round = 0; round < 4; ++round) {
        for (const std::string options : {"w:200/wm:0.5:soea:5:5:0.3", "w:200", "w:200/wm:1:re:4:4:0.1/f:webp"}) {
            const auto link = parse_link("/" + options + "/plain/photo://a", Presets{});
            REQUIRE(link);
            pending.emplace_back(options, fixture.convert(photos::storm().path, reduce(*link, FormatSet{})));
        }
    }
    for (const auto& [options, outcome] : pending) {
        CAPTURE(options);
        const auto& made = fixture.result(outcome);
        if (!made) FAIL(made.error().detail);
        CHECK((made->bytes == convert_link(photos::storm().path, options).bytes));
    }
}

TEST_CASE("A pool without a watermark refuses what asks for one, without a converter") {
    PoolFixture fixture(config_of(1));
    Conversion marked = to(Format::jpeg, 100);
    marked.options.watermark.opacity = kDprUnit;
    CHECK(code(fixture.result(fixture.convert(photos::storm().path, marked))) == "watermark_not_configured");
    CHECK(fixture.observed.started == 0);
}
