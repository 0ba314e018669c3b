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
