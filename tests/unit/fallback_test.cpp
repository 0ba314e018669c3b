// The picture that stands in for a photo that cannot be shown.
#include "backend/photos/fallback.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/photo_service.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

struct FallbackService : PhotoService {
    FallbackService() : PhotoService(1 << 20, true) {}
};

std::string open_error(const std::filesystem::path& path) {
    boost::asio::io_context io;
    FakePool pool;
    const auto opened = Fallback::open(io.get_executor(), pool, FallbackConfig{.picture = path});
    REQUIRE_FALSE(opened);
    return opened.error();
}

}  // namespace

TEST_CASE_METHOD(FallbackService,
                 "a photo that is not there is answered with the fallback as the link asks, for a moment") {
    const auto response = ask("GET", "/thumb/w:160/f:webp/plain/photo://nobody");
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK_THAT(response->body, contains("picture of w:160/f:webp/plain/fallback"));
    CHECK(find_header(response->headers, "Content-Type") == "image/webp");
    CHECK(find_header(response->headers, "Cache-Control") == "max-age=10");
    CHECK(find_header(response->headers, "X-Accel-Expires") == "10");
    CHECK(find_header(response->headers, "Thumb-Interim") == "10");
    if_none_match = std::string(find_header(response->headers, "ETag"));
    CHECK(ask("GET", "/thumb/w:160/f:webp/plain/photo://nobody-else")->status == 304);
    CHECK(pool.conversions.size() == 1);
    CHECK(fallback->given() == 2);
}

TEST_CASE_METHOD(FallbackService, "what is damaged, no picture or of a source that is not served is answered with it") {
    const std::string photo = upload();
    CHECK(ask("GET", "/thumb/w:160/f:webp/plain/https://example.com/a.jpg")->status == 200);
    CHECK(pool.conversions.size() == 1);
    for (const int status : {415, 422}) {
        // Of the photo alone: the pool looks at its error after this.
        pool.before_answer = [this, status, asked = pool.conversions.size()] {
            pool.error.reset();
            if (pool.conversions.size() == asked + 1) pool.error = Error{status, "no", "no"};
        };
        const auto response = ask("GET", "/thumb/w:" + std::to_string(status) + "/f:webp/plain/photo://" + photo);
        REQUIRE(response);
        CHECK_THAT(response->body, contains("plain/fallback"));
    }
}

TEST_CASE_METHOD(FallbackService, "what is wrong with the link or the moment is said, and not shown") {
    const std::string photo = upload();
    CHECK(ask("GET", "/thumb/nonsense:1/plain/photo://" + photo).error().status == 400);
    for (const int status : {500, 503, 507}) {
        pool.error = Error{status, "no", "no"};
        CHECK(ask("GET", "/thumb/w:160/f:webp/plain/photo://" + photo).error().status == status);
    }
    for (const int status : {400, 403, 405, 410, 429}) CHECK_FALSE(Fallback::stands_in_for(Error{status, "no", "no"}));
    CHECK(fallback->given() == 0);
}

TEST_CASE_METHOD(FallbackService, "where the fallback cannot be converted either, the photo's own error is said") {
    pool.error = Error{503, "queue_full", "no"};
    CHECK(ask("GET", "/thumb/w:160/f:webp/plain/photo://nobody").error().code == "no_such_photo");
}

TEST_CASE_METHOD(FallbackService, "nobody waits for an AVIF of the fallback that was not named") {
    const auto negotiated = ask("GET", "/thumb/w:160/accept:avif+webp/plain/photo://nobody");
    CHECK(find_header(negotiated->headers, "Content-Type") == "image/webp");
    const auto named = ask("GET", "/thumb/w:160/f:avif/plain/photo://nobody");
    CHECK(find_header(named->headers, "Content-Type") == "image/avif");
}

TEST_CASE_METHOD(FallbackService, "many sizes of the fallback are made, and few are kept") {
    for (int width = 1; width <= 65; ++width) {
        CHECK(ask("GET", "/thumb/w:" + std::to_string(width) + "/f:webp/plain/photo://nobody")->status == 200);
    }
    CHECK(pool.conversions.size() == 65);
    ask("GET", "/thumb/w:65/f:webp/plain/photo://nobody");
    CHECK(pool.conversions.size() == 65);
    ask("GET", "/thumb/w:1/f:webp/plain/photo://nobody");
    CHECK(pool.conversions.size() == 66);
}

TEST_CASE("a fallback that is not there, is no picture or is too large is refused at start") {
    const TempDir dir;
    CHECK_THAT(open_error(dir / "none.jpg"), contains("none.jpg"));
    write_file(dir / "text.jpg", "no picture");
    CHECK_THAT(open_error(dir / "text.jpg"), contains("not a picture"));
    write_file(dir / "large.jpg", kJpeg + std::string(16 << 20, 'x'));
    CHECK_THAT(open_error(dir / "large.jpg"), contains("16 MiB"));
    CHECK_THAT(open_error(dir.path()), contains("cannot read"));
}
