// Each limit on a picture and its result, through real converters: exceeded, it is a 4xx that names it and its value;
// met, it is nothing.
#include "backend/limits.hpp"
#include "tests/support/bombs.hpp"
#include "tests/support/files.hpp"
#include "tests/unit/pool_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

namespace fs = std::filesystem;

struct Case {
    std::string code;
    std::string says;  // part of the message
    PoolConfig config;
    fs::path met;
    fs::path exceeded;
};

template <typename T>
void check_refusal(const Result<T>& result, const Case& limit) {
    REQUIRE_FALSE(result);
    CHECK(result.error().status == 422);
    CHECK(result.error().code == limit.code);
    CHECK_THAT(result.error().message, contains(limit.says));
    CHECK_FALSE(limit_of(result.error().code).empty());
}

// One byte as grey, uncompressed.
std::string tiff_of(std::uint32_t width, std::uint32_t height) {
    const std::string pixels(std::size_t{width} * height, '\x7F');
    return bombs::tiff({{256, width}, {257, height}, {278, height}, {279, width * height}}, pixels);
}

}  // namespace

TEST_CASE("A limit on a source refuses what exceeds it, by its name and its value, and nothing else") {
    const TempDir dir;
    const auto file = [&](const char* name, const std::string& bytes) {
        write_file(dir / name, bytes);
        return dir / name;
    };
    PoolConfig config = config_of(1);
    config.max_pixels = 10'000;
    config.max_side = 200;
    config.max_frames = 20;
    config.max_scans = 30;
    config.max_metadata_bytes = 64 << 10;
    const std::vector<Case> cases{
        {"too_many_pixels", "10000 pixels", config, file("100", tiff_of(100, 100)), file("101", tiff_of(101, 100))},
        {"too_many_pixels", "10000 pixels", config, file("g4", bombs::gif(50, 50, 4)),
         file("g5", bombs::gif(50, 50, 5))},
        {"side_too_long", "200 pixels a side", config, file("s1", tiff_of(200, 2)), file("s2", tiff_of(201, 2))},
        {"side_too_long", "200 pixels a side", config, file("t1", tiff_of(2, 200)), file("t2", tiff_of(2, 201))},
        {"too_many_frames", "20 frames", config, file("gif20", bombs::gif(1, 1, 20)),
         file("gif21", bombs::gif(1, 1, 21))},
        {"too_many_frames", "20 frames", config, file("w20", bombs::webp(1, 20)), file("w21", bombs::webp(1, 21))},
        {"too_many_frames", "20 frames", config, file("p20", bombs::tiff_of_pages(20)),
         file("p21", bombs::tiff_of_pages(21))},
        {"too_many_scans", "30 scans", config, file("j30", bombs::jpeg_of_scans(80, 29)),
         file("j31", bombs::jpeg_of_scans(80, 30))},
        {"too_much_metadata", "64 KiB of metadata", config, file("m32", bombs::jpeg_of_comments(32)),
         file("m33", bombs::jpeg_of_comments(33))},
    };
    PoolFixture fixture(config);
    for (const Case& limit : cases) {
        INFO(limit.exceeded);
        const auto met = fixture.result(fixture.inspect(limit.met));
        INFO((met ? "" : met.error().detail));
        CHECK(met);
        check_refusal(fixture.result(fixture.inspect(limit.exceeded)), limit);
        check_refusal(fixture.result(fixture.convert(limit.exceeded, to(Format::jpeg, 8))), limit);
    }
    CHECK(fixture.observed.replaced.empty());
}

TEST_CASE("A limit on a result refuses what exceeds it, by its name and its value") {
    PoolConfig config = config_of(1);
    config.max_output_bytes = 4 << 10;
    config.max_pixels = 30'000'000;
    PoolFixture fixture(config);
    const auto refused = [&](Conversion conversion) {
        return fixture.result(fixture.convert(photos::meadow().path, conversion));
    };
    check_refusal(refused(to(Format::png, 320)), Case{"too_large", "more than 4 KiB", {}, {}, {}});
    Conversion larger = to(Format::webp, 17'000);
    larger.options.enlarge = true;
    check_refusal(refused(larger), Case{"result_too_many_pixels", "30 megapixels", {}, {}, {}});
    larger.options.height = 100;
    larger.options.resizing_type = ResizingType::force;
    check_refusal(refused(larger), Case{"result_side_too_long", "16383 in WebP", {}, {}, {}});
}

TEST_CASE("A picture that takes longer than the limit on time is refused by it, and named") {
    PoolConfig config = config_of(1);
    config.job_timeout = 100ms;
    PoolFixture fixture(config);
    const Case limit{"timeout", "100 ms", {}, {}, {}};
    check_refusal(fixture.result(fixture.convert_slowly()), limit);
}

TEST_CASE("A picture of more channels than a picture has is not one that is read") {
    const TempDir dir;
    write_file(dir / "bands",
               bombs::tiff({{256, 10}, {257, 10}, {278, 10}, {277, 6}, {279, 600}}, std::string(600, 'x')));
    PoolFixture fixture(config_of(1));
    const auto refused = fixture.result(fixture.inspect(dir / "bands"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 415);
}
