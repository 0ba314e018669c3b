// One signature for a ladder of widths: which path it is computed over.
#include "contract/ladder.hpp"

#include <string>

#include "tests/cdn/link_generator.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr std::string_view kLine = "first 736563726574 68656c6c6f";

Ladder ladder_of(std::initializer_list<std::string_view> widths) {
    Ladder ladder;
    for (const std::string_view width : widths) REQUIRE(ladder.add(width));
    return ladder;
}

std::string signed_over(std::string_view path) {
    return with_any_width(path, ladder_of({"160", "320"})).value_or("");
}

}  // namespace

TEST_CASE("a ladder takes widths, each once and in one spelling") {
    Ladder ladder = ladder_of({"1", "160", "65535"});
    for (const char* bad : {"", "0", "0160", "+160", "160px", "65536", "1e3", "*", "160", "99999999999999999999999"}) {
        INFO(bad);
        CHECK_FALSE(ladder.add(bad));
    }
    CHECK(ladder.widths() == std::vector<std::string>{"1", "160", "65535"});
    CHECK(ladder.has("160"));
    CHECK_FALSE(ladder.has("16"));
    CHECK(Ladder().empty());
}

TEST_CASE("the one width of a path becomes a star, and nothing else changes") {
    CHECK(signed_over("/w:320/plain/photo://a") == "/w:*/plain/photo://a");
    CHECK(signed_over("/width:160/plain/photo://a") == "/width:*/plain/photo://a");
    CHECK(signed_over("/exp:320/h:160/w:160/q:75/cGhvdG86Ly9h.webp") == "/exp:320/h:160/w:*/q:75/cGhvdG86Ly9h.webp");
    CHECK(signed_over("/q%3a75/w:320/plain/photo://a") == "/q%3a75/w:*/plain/photo://a");
    CHECK(signed_over("/w:320") == "/w:*");
}

TEST_CASE("a path without exactly one width of the ladder has none") {
    for (const char* path : {
             "",
             "/",
             "/plain/photo://a",
             "/w:300/plain/photo://a",
             "/w:*/plain/photo://a",
             "/w:/plain/photo://a",
             "/w:320:160/plain/photo://a",
             "/w:0320/plain/photo://a",
             "/w%3A320/plain/photo://a",
             "/%77:320/plain/photo://a",
             "/w:32%30/plain/photo://a",
             "/W:320/plain/photo://a",
             "/s:320/plain/photo://a",
             "/rs:fit:320/plain/photo://a",
             "/h:320/plain/photo://a",
             "/w:160/w:320/plain/photo://a",
             "/w:320/w:300/plain/photo://a",
             "/w:320/width:/plain/photo://a",
             "/plain/w:320/a",
             "/plain/local:///w:320/a",
             "/cGhvdG86/w:320",
             "//w:320/plain/photo://a",
         }) {
        INFO(path);
        CHECK(signed_over(path) == "");
    }
}

TEST_CASE("what is in the source is left alone") {
    CHECK(signed_over("/w:320/plain/local:///w:160/w:320") == "/w:*/plain/local:///w:160/w:320");
    CHECK(with_width("/w:*/plain/local:///w:*/a", "320") == "/w:320/plain/local:///w:*/a");
    CHECK_FALSE(with_width("/plain/local:///w:*/a", "320"));
}

TEST_CASE("a star is replaced by a width where it is the one width") {
    CHECK(with_width("/h:5/w:*/plain/photo://a", "320") == "/h:5/w:320/plain/photo://a");
    for (const char* path :
         {"", "/w:320/plain/a", "/w:*/w:*/plain/a", "/w:**/plain/a", "/h:*/plain/a", "/s:*/plain/a"}) {
        INFO(path);
        CHECK_FALSE(with_width(path, "320"));
    }
}

TEST_CASE("a ladder's signature opens its widths alone, and changes nothing for other links, on 20,000 links") {
    const Ladder ladder = ladder_of({"8", "100", "300", "600"});
    const auto ring = KeyRing::parse(kLine);
    REQUIRE(ring);
    const SignatureRules rules{.size = 16, .ladder = &ladder};
    LinkGenerator generator(20240521, 1'700'000'000);
    int on_ladder = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::string path = generator.next().path;
        const auto verifies = [&](std::string_view signed_path, std::string_view sent) {
            return verify_link(*ring, {ring->sign(signed_path, 0, 16), sent}, 0, rules) != nullptr;
        };
        if (!verifies(path, path)) FAIL_CHECK("as it is: " << path);
        const auto any = with_any_width(path, ladder);
        if (!any) continue;
        ++on_ladder;
        if (!verifies(*any, path)) FAIL_CHECK("by its ladder: " << path);
        if (!verifies(*any, *with_width(*any, "600"))) FAIL_CHECK("another width: " << path);
        if (verifies(*any, *with_width(*any, "601"))) FAIL_CHECK("off the ladder: " << path);
        if (verifies(path, *with_width(*any, "8")) && path != *with_width(*any, "8")) FAIL_CHECK("no ladder: " << path);
        // The widths apart, both say the same.
        const auto link = parse_link(path, Presets{});
        auto other = parse_link(*with_width(*any, "600"), Presets{});
        if (!link || !other) continue;  // presets
        other->options.width = link->options.width;
        if (other->options != link->options || other->source != link->source) FAIL_CHECK("more changed: " << path);
    }
    CHECK(on_ladder > 1'000);
}
