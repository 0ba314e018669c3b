// Targets and links, apart from what contract/vectors/ says of them.
#include "contract/thumb_url.hpp"

#include <string>

#include "contract/canonical.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

TEST_CASE("a target is cut at its first slash, and its query is left out") {
    const auto path = split_signature("SIG/w:320/plain/photo://a?w=1/2");
    REQUIRE(path);
    CHECK(path->signature == "SIG");
    CHECK(path->path == "/w:320/plain/photo://a");
    CHECK(split_signature("SIG/")->path == "/");
    CHECK(split_signature("SIG//plain/x")->path == "//plain/x");
    CHECK_FALSE(split_signature("SIG?/plain/x"));
}

TEST_CASE("a long query does not make a link too long") {
    CHECK(split_signature("SIG/plain/photo://a?" + std::string(10'000, 'x')));
    CHECK_FALSE(split_signature("SIG/plain/" + std::string(10'000, 'x')));
}

TEST_CASE("an uploaded photo's source names its id, any other source none") {
    CHECK(photo_id("photo://abc") == "abc");
    CHECK(photo_id("photo://") == "");
    CHECK(photo_id("photo:/abc") == "");
    CHECK(photo_id("http://photo://abc") == "");
    CHECK(photo_id("PHOTO://abc") == "");
}

TEST_CASE("a log line shows neither signature nor query") {
    CHECK(redact("/t/", "SECRET/w:320/plain/photo://a?token=SECRET") == "/t/-/w:320/plain/photo://a");
    CHECK(redact("/t/", "SECRET") == "/t/-");
    CHECK(redact("/t/", "SECRET?a/b") == "/t/-");
    CHECK(redact("/t/", "") == "/t/-");
}

TEST_CASE("a link's path begins with a slash") {
    CHECK_FALSE(parse_link("", Presets{}));
    CHECK_FALSE(parse_link("plain/photo://a", Presets{}));
    CHECK_FALSE(parse_link("w:300/plain/photo://a", Presets{}));
}

TEST_CASE("bytes above ASCII may stand in a path, and mean what their escapes mean") {
    const auto raw = parse_link("/plain/local:///caf\xC3\xA9.jpg", Presets{});
    const auto escaped = parse_link("/plain/local:///caf%C3%A9.jpg", Presets{});
    REQUIRE(raw);
    REQUIRE(escaped);
    CHECK(canonical_path(*raw) == canonical_path(*escaped));
}

TEST_CASE("a canonical form in any other spelling is refused") {
    CHECK(parse_canonical("w:300/accept:base/plain/photo://a"));
    for (const char* text : {
             "",
             "/w:300/accept:base/plain/photo://a",
             "w:300/plain/photo://a",
             "w:300/accept:jpeg/plain/photo://a",
             "w:300/accept:webp+avif/plain/photo://a",
             "w:300/accept:/plain/photo://a",
             "w:300/accept:base",
             "accept:base/w:300/plain/photo://a",
             "accept:base/accept:base/plain/photo://a",
             "w:300/accept:base/f:png/plain/photo://a",
             "w:300/f:png/accept:base/plain/photo://a",
             "w:300/f:jpg/plain/photo://a",
             "width:300/accept:base/plain/photo://a",
             "w:0300/accept:base/plain/photo://a",
             "rt:fit/w:300/accept:base/plain/photo://a",
             "w:300/dpr:2/accept:base/plain/photo://a",
             "w:300/exp:5/accept:base/plain/photo://a",
             "w:300/accept:base/plain/photo:%2F%2Fa",
             "w:300/accept:base/plain/photo://%61",
             "w:300/accept:base/plain/photo://a@",
             "w:300/accept:base/plain/photo://a@png",
             "w:300/accept:base/plain/photo://a?x",
             "w:300/accept:base/plain/",
             "w:300/accept:base/cGhvdG86Ly9h",
         }) {
        INFO(text);
        CHECK_FALSE(parse_canonical(text));
    }
}

TEST_CASE("the format token is the named format, or what the client accepts") {
    const auto named = parse_link("/f:jpg/plain/photo://a", Presets{});
    const auto negotiated = parse_link("/w:1/plain/photo://a", Presets{});
    const FormatSet webp = FormatSet{}.with(Format::webp);
    CHECK(format_token(reduce(*named, webp)) == "jpeg");
    CHECK(format_token(reduce(*negotiated, webp)) == "webp");
    CHECK(format_token(reduce(*negotiated, FormatSet{})) == "base");
}
