// Links with a watermark, from request to response: where there is one, where there is none, and where it is another.
#include "backend/conversion/watermark.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/photo_service.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

struct Marked : PhotoService {
    Marked() : PhotoService(1 << 20) {}

    std::shared_ptr<const WatermarkPicture> mark(const std::string& bytes, std::uint32_t opacity = kDprUnit) {
        write_file(dir / "mark.jpg", bytes);
        return WatermarkPicture::read({.picture = dir / "mark.jpg", .opacity = opacity}).value();
    }

    // As after a restart with that watermark. Returns how many conversions it took.
    std::size_t conversions_with(const WatermarkPicture* watermark, const std::string& target) {
        const std::size_t before = pool.conversions.size();
        Pictures restarted{
            PictureParts{io.get_executor(), photos, results, threads, pool, [](const Error&) {}, watermark}};
        const Conversion wanted = parse_canonical(target.substr(std::string("/thumb/").size())).value();
        const std::string photo(photo_id(wanted.source));
        auto found = run_coroutine(io, restarted.find(photo, wanted, after(10s)));
        REQUIRE(found);
        if (!*found) REQUIRE(run_coroutine(io, restarted.make(photo, wanted, {.deadline = after(10s)})));
        return pool.conversions.size() - before;
    }
};

}  // namespace

TEST_CASE_METHOD(Marked, "a link that asks for a watermark where there is none is refused, and nothing is converted") {
    const std::string photo = upload();
    for (const std::string& source : {photo, std::string("nobody")}) {
        const auto refused = ask("GET", "/thumb/wm:0.5/f:jpeg/plain/photo://" + source);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().status == 400);
        CHECK(refused.error().code == "watermark_not_configured");
        CHECK_THAT(refused.error().message, contains("--watermark"));
    }
    CHECK(pool.conversions.empty());
    CHECK(ask("GET", "/thumb/w:160/f:jpeg/plain/photo://" + photo)->status == 200);
}

TEST_CASE_METHOD(Marked,
                 "results have the watermark that they were made with: another, or as opaque, makes them anew") {
    const std::string photo = upload();
    const std::string marked = "/thumb/w:160/wm:0.5/f:jpeg/plain/photo://" + photo;
    const std::string plain = "/thumb/w:160/f:jpeg/plain/photo://" + photo;
    const auto one = mark(kJpeg + "one");
    const auto other = mark(kJpeg + "other");
    const auto fainter = mark(kJpeg + "one", 500);
    CHECK(conversions_with(one.get(), marked) == 1);
    CHECK(conversions_with(one.get(), marked) == 0);
    CHECK(conversions_with(other.get(), marked) == 1);
    CHECK(conversions_with(fainter.get(), marked) == 1);
    CHECK(conversions_with(one.get(), marked) == 0);
    CHECK(conversions_with(one.get(), plain) == 1);
    CHECK(conversions_with(other.get(), plain) == 0);
    CHECK(conversions_with(nullptr, plain) == 0);
}

TEST_CASE("a watermark that is not there, is no picture or is too large is refused at start") {
    const TempDir dir;
    const auto error = [](const std::filesystem::path& path) {
        const auto read = WatermarkPicture::read({.picture = path});
        return read ? "" : read.error();
    };
    CHECK_THAT(error(dir / "none.png"), contains("none.png"));
    write_file(dir / "text.png", "no picture");
    CHECK_THAT(error(dir / "text.png"), contains("not a picture"));
    write_file(dir / "large.jpg", kJpeg + std::string(16 << 20, 'x'));
    CHECK_THAT(error(dir / "large.jpg"), contains("16 MiB"));
}

TEST_CASE("what a job gets of a watermark cannot be written, and each has a place of its own in it") {
    const TempDir dir;
    write_file(dir / "mark.jpg", kJpeg);
    const auto watermark = WatermarkPicture::read({.picture = dir / "mark.jpg"}).value();
    const thumbgate::UniqueFd one = watermark->picture().open();
    const thumbgate::UniqueFd other = watermark->picture().open();
    REQUIRE((one && other));
    CHECK(::write(one.get(), "x", 1) == -1);
    CHECK(::ftruncate(one.get(), 0) == -1);
    CHECK(::lseek(one.get(), 5, SEEK_SET) == 5);
    CHECK(::lseek(other.get(), 0, SEEK_CUR) == 0);
}
