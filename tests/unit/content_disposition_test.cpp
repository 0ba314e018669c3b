// The name under which a picture is saved, whatever a link or a source calls it.
#include "nginx-module/content_disposition/disposition.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace thumbgate::edge;

namespace {

std::string disposition(const std::string& path, const std::string& type = "image/webp") {
    const auto link = parse_link("/" + path, Presets{});
    if (!link) FAIL(path << ": " << link.error().detail);
    return content_disposition(*link, type);
}

}  // namespace

TEST_CASE("a link that asks for nothing gets no disposition") {
    CHECK(disposition("w:300/plain/photo://a").empty());
    CHECK(disposition("fn:cat/att:0/plain/photo://a") == R"(inline; filename="cat.webp")");
    CHECK(disposition("att:1/plain/photo://a") == R"(attachment; filename="a.webp")");
    CHECK(disposition("att:1/fn:cat/plain/photo://a") == R"(attachment; filename="cat.webp")");
}

TEST_CASE("the extension is that of what is sent, once") {
    CHECK(disposition("fn:cat/plain/photo://a", "image/jpeg") == R"(inline; filename="cat.jpg")");
    CHECK(disposition("fn:cat.JPEG/plain/photo://a", "image/jpeg") == R"(inline; filename="cat.JPEG")");
    CHECK(disposition("fn:cat.jpg/plain/photo://a", "image/jpeg") == R"(inline; filename="cat.jpg")");
    CHECK(disposition("fn:cat.jpg/plain/photo://a", "image/png") == R"(inline; filename="cat.jpg.png")");
    CHECK(disposition("fn:.webp/plain/photo://a") == R"(inline; filename=".webp.webp")");
    CHECK(disposition("fn:cat/plain/photo://a", "image/x-new") == R"(inline; filename="cat")");
    CHECK(disposition("fn:cat.exe/plain/photo://a") == R"(inline; filename="cat.exe.webp")");
}

TEST_CASE("without a name that of the source counts, without its extension and its query") {
    CHECK(disposition("att:1/plain/local:///cats/tom.jpg") == R"(attachment; filename="tom.webp")");
    CHECK(disposition("att:1/plain/https://x.example/cats/tom.v2.jpg%3Fa=b/c") ==
          R"(attachment; filename="tom.v2.webp")");
    CHECK(disposition("att:1/plain/https://x.example/cats/") == R"(attachment; filename="image.webp")");
    CHECK(disposition("att:1/plain/local:///a%FFb.jpg") == R"(attachment; filename="image.webp")");
    CHECK(disposition("att:1/plain/local:///a%22b.jpg") ==
          R"(attachment; filename="a_b.webp"; filename*=UTF-8''a%22b.webp)");
}

TEST_CASE("what does not read alike in every client is encoded, and a plain name stands beside it") {
    CHECK(disposition("fn:my%20cat/plain/photo://a") == R"(inline; filename="my cat.webp")");
    CHECK(disposition("fn:K%C3%A4tzchen/plain/photo://a") ==
          R"(inline; filename="K_tzchen.webp"; filename*=UTF-8''K%C3%A4tzchen.webp)");
    CHECK(disposition("fn:%F0%9F%90%88/plain/photo://a") ==
          R"(inline; filename="_.webp"; filename*=UTF-8''%F0%9F%90%88.webp)");
    CHECK(disposition("fn:a%22%3B%20x=%22b/plain/photo://a") ==
          R"(inline; filename="a_; x=_b.webp"; filename*=UTF-8''a%22%3B%20x%3D%22b.webp)");
    CHECK(disposition("fn:50%2541/plain/photo://a") ==
          R"(inline; filename="50_41.webp"; filename*=UTF-8''50%2541.webp)");
    CHECK(disposition("fn:YTpi:1/plain/photo://a") == R"(inline; filename="a:b.webp")");
}
