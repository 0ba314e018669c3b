// Which sources a location's links may name.
#include "contract/sources.hpp"

#include "contract/thumb_url.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

Sources sources_of(std::initializer_list<std::string_view> prefixes) {
    Sources sources;
    for (const std::string_view prefix : prefixes) REQUIRE(sources.add(prefix));
    return sources;
}

}  // namespace

TEST_CASE("without a prefix every source is allowed") {
    CHECK(Sources().allow("photo://a"));
    CHECK(Sources().allow("../../etc/passwd"));
}

TEST_CASE("a prefix is a scheme, or ends in a slash") {
    for (const char* prefix :
         {"photo://", "s3://acme/", "https://img.acme.example/", "local:///a/b/", "git+ssh://h/"}) {
        INFO(prefix);
        CHECK(Sources().add(prefix));
    }
    for (const char* prefix :
         {"", "/", "://", "photo", "photo:", "photo:/", "photo://a", "https://acme", "https://acme/a", "a/", "/etc/",
          "HTTPS://acme/", "ht tp://acme/", "local:///a/../b/", "local:///./", "https://acme/%2e%2E/"}) {
        INFO(prefix);
        const auto added = Sources().add(prefix);
        REQUIRE_FALSE(added);
        CHECK_THAT(added.error().detail, contains("\"" + std::string(prefix) + "\""));
    }
}

TEST_CASE("a prefix that was refused allows nothing") {
    Sources sources = sources_of({"photo://"});
    CHECK_FALSE(sources.add("https://acme"));
    CHECK_FALSE(sources.allow("https://acme.example/"));
    CHECK(sources.allow("photo://a"));
}

TEST_CASE("a source is allowed byte by byte") {
    const Sources sources = sources_of({"photo://", "https://img.example/a/"});
    CHECK(sources.allow("photo://abc"));
    CHECK(sources.allow("https://img.example/a/b"));
    CHECK(sources.allow("https://img.example/a/"));
    for (const char* source :
         {"", "photo:/abc", "PHOTO://abc", " photo://abc", "https://img.example/b", "https://img.example/a",
          "https://img.example:443/a/b", "https://img.example@evil/a/b", "https://img.examplE/a/b"}) {
        INFO(source);
        CHECK_FALSE(sources.allow(source));
    }
}

TEST_CASE("a source with a dot segment is under no prefix, however it is spelled") {
    const Sources sources = sources_of({"https://h/"});
    for (const char* path : {".", "..", "a/..", "../a", "a/./b", "a\\..\\b", "%2e", "%2E%2e/a", ".%2e", "a%2F..",
                             "a%2f.%2Fb", "..%5c", "a%5C%2e%2E%5Cb", "%zz/..", "%", "a/%2e%"}) {
        const std::string source = "https://h/" + std::string(path);
        INFO(source);
        const bool harmless = std::string_view(path) == "%" || std::string_view(path) == "a/%2e%";
        CHECK(sources.allow(source) == harmless);
    }
    for (const char* path : {"", "...", "a..", "..a", ".a/b.", "%252e%252e", "a/b//c"}) {
        INFO(path);
        CHECK(sources.allow("https://h/" + std::string(path)));
    }
}

TEST_CASE("a link that may not name its source is refused as a whole") {
    const Sources sources = sources_of({"photo://"});
    const Presets none;
    const LinkRules rules{.presets = none, .sources = &sources};
    CHECK(parse_link("/w:10/plain/photo://a", rules));
    const auto refused = parse_link("/w:10/plain/s3://a/b", rules);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == RefusalKind::forbidden_source);
    CHECK(http_status(refused.error().kind) == 403);
    // What it cannot read, it does not judge.
    CHECK(parse_link("/blurry:1/plain/s3://a/b", rules).error().kind == RefusalKind::unknown_option);
}
