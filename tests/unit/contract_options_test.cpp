// Options and presets: what contract/vectors/ cannot say, since presets come from nginx.conf and not from a URL.
#include "contract/options.hpp"

#include <string>

#include "contract/thumb_url.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

std::string error_of(Presets& presets, std::string_view name, std::string_view options) {
    const auto defined = presets.define(name, options);
    return defined ? "" : defined.error().detail;
}

Options options_of(std::string_view path, const Presets& presets) {
    const auto link = parse_link(path, presets);
    REQUIRE(link);
    return link->options;
}

}  // namespace

TEST_CASE("an option is a name and arguments between colons") {
    const auto text = split_option("rs:fill::300");
    REQUIRE(text);
    CHECK(text->name == "rs");
    CHECK(text->arguments == std::vector<std::string>{"fill", "", "300"});
    CHECK(split_option("cb:")->arguments == std::vector<std::string>{""});
    CHECK(split_option(":")->name == "");
    CHECK_FALSE(split_option("plain"));
    CHECK_FALSE(split_option(""));
}

TEST_CASE("a preset is refused where one of its options would be in a link") {
    Presets presets;
    CHECK_THAT(error_of(presets, "a", "blurry:3"), contains("blurry"));
    CHECK_THAT(error_of(presets, "a", "w:300/h:tall"), contains("height"));
    CHECK_THAT(error_of(presets, "a", "w:300/plain"), contains("plain"));
    CHECK_THAT(error_of(presets, "a", "w:300/"), Catch::Matchers::Equals(""));
    CHECK_THAT(error_of(presets, "b", "/w:300"), contains("not an option"));
    CHECK_THAT(error_of(presets, "b", "w:300//h:3"), contains("not an option"));
}

TEST_CASE("a preset needs a name that is not taken") {
    Presets presets;
    CHECK_THAT(error_of(presets, "", "w:1"), contains("name"));
    REQUIRE(presets.define("small", "w:160"));
    CHECK_THAT(error_of(presets, "small", "w:320"), contains("small") && contains("twice"));
    CHECK(options_of("/pr:small/plain/photo://a", presets).width == 160);
}

TEST_CASE("a preset cannot use itself nor one that is defined after it") {
    Presets presets;
    CHECK_THAT(error_of(presets, "a", "pr:a"), contains("\"a\""));
    CHECK_THAT(error_of(presets, "a", "pr:b"), contains("\"b\""));
    REQUIRE(presets.define("b", "w:1"));
    CHECK(error_of(presets, "a", "pr:b") == "");
}

TEST_CASE("a preset that was refused does not exist") {
    Presets presets;
    REQUIRE_FALSE(presets.define("a", "w:300/h:tall"));
    CHECK(presets.find("a") == nullptr);
    CHECK(presets.empty());
    REQUIRE(presets.define("a", "w:300"));
    CHECK_FALSE(presets.empty());
}

TEST_CASE("a preset neither ends a link nor makes it endless") {
    Presets presets;
    for (const char* options : {"exp:1700000000", "expires:1700000000", "exp:0", "exp:5/exp:0", "w:300/expires:0"}) {
        INFO(options);
        CHECK_THAT(error_of(presets, "a", options), contains("cannot hold \"exp"));
    }
}

TEST_CASE("a preset neither names a link nor binds it to a session") {
    Presets presets;
    CHECK_THAT(error_of(presets, "a", "lid:abc"), contains("\"lid\""));
    CHECK_THAT(error_of(presets, "a", "w:300/sid:0123456789abcdef0123456789abcdef"), contains("\"sid\""));
}

TEST_CASE("every option is of the picture, of the link, or stands for others") {
    for (const char* name : {"w", "width", "rs", "g", "q", "dpr", "f", "cb"})
        CHECK(scope_of(name) == OptionScope::picture);
    for (const char* name : {"exp", "expires", "lid", "sid"}) CHECK(scope_of(name) == OptionScope::link);
    for (const char* name : {"pr", "preset"}) CHECK(scope_of(name) == OptionScope::preset);
    for (const char* name : {"", "blurry", "W", "LID"}) CHECK_FALSE(scope_of(name));
}

TEST_CASE("dpr is written as short as it can be") {
    CHECK(format_dpr(1000) == "1");
    CHECK(format_dpr(2000) == "2");
    CHECK(format_dpr(1500) == "1.5");
    CHECK(format_dpr(1250) == "1.25");
    CHECK(format_dpr(1) == "0.001");
    CHECK(format_dpr(1010) == "1.01");
    CHECK(format_dpr(10000) == "10");
    for (std::uint32_t dpr = 1; dpr <= kMaxDpr; ++dpr) {
        Options options;
        REQUIRE(apply_option(options, {"dpr", {format_dpr(dpr)}}, Presets{}));
        if (options.dpr != dpr) FAIL_CHECK(dpr << " became " << options.dpr);
    }
}

TEST_CASE("a refused option leaves nothing of itself behind where it is a single value") {
    Options options;
    CHECK_FALSE(apply_option(options, {"dpr", {"11"}}, Presets{}));
    CHECK_FALSE(apply_option(options, {"w", {"65536"}}, Presets{}));
    CHECK_FALSE(apply_option(options, {"q", {"101"}}, Presets{}));
    CHECK_FALSE(apply_option(options, {"cb", {std::string(257, 'x')}}, Presets{}));
    CHECK(options == Options{});
}
