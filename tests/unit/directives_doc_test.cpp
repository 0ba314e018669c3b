// docs/directives.md tells of every directive and variable that the module has.
#include <algorithm>
#include <regex>
#include <set>

#include "nginx-module/breaker/breaker.hpp"
#include "nginx-module/coalesce/flights.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/programs.hpp"

using namespace thumbgate::test;

namespace {

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
    const std::regex expression(pattern);
    std::set<std::string> found;
    for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) found.insert((*it)[1]);
    return found;
}

std::string module_sources() {
    std::string text;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(repository() / "nginx-module")) {
        if (entry.path().extension() == ".cpp") text += read_file(entry.path());
    }
    return text;
}

}  // namespace

TEST_CASE("every directive of the module is documented, and no other") {
    const std::string doc = read_file(repository() / "docs/directives.md");
    const auto built = matches(module_sources(), "ngx_string\\(\"(thumb_[a-z_]+)\"\\),\\s+NGX_");
    REQUIRE(built.size() > 8);
    CHECK(matches(doc, "\n### (thumb_[a-z_]+)\n") == built);
    CHECK(matches(doc, "\nSyntax: `(thumb_[a-z_]+)[ ;]") == built);
}

TEST_CASE("every variable of the module is documented, and no other") {
    const auto built = matches(module_sources(), "thumb_variable<[a-z_]+>\\(\"(thumb_[a-z_]+)\"\\)");
    REQUIRE(built.size() > 8);
    CHECK(matches(read_file(repository() / "docs/directives.md"), "\n\\| `\\$(thumb_[a-z_]+)` \\|") == built);
}

TEST_CASE("what a coalesced request waits for by default is documented") {
    const std::string seconds = std::to_string(thumbgate::edge::kDefaultFlightTimeoutMs / 1000);
    CHECK_THAT(read_file(repository() / "docs/directives.md"),
               contains("Default: `thumb_coalesce_timeout " + seconds + "s;`"));
}

TEST_CASE("what the arguments of thumb_breaker are by default is documented") {
    const std::string doc = read_file(repository() / "docs/directives.md");
    const thumbgate::edge::BreakerRules rules;
    const auto seconds = [](std::uint64_t ms) { return std::to_string(ms / 1000) + "s"; };
    CHECK_THAT(doc, contains("`failures` (" + std::to_string(rules.failures) + "%)"));
    CHECK_THAT(doc, contains("`min` (" + std::to_string(rules.min) + ")"));
    CHECK_THAT(doc, contains("`window` (" + seconds(rules.window_ms) + ")"));
    CHECK_THAT(doc, contains("`slow` (" + seconds(rules.slow_ms) + ":"));
    CHECK_THAT(doc, contains("`open` (" + seconds(rules.open_ms) + ")"));
    CHECK_THAT(doc, contains("`probes` (" + std::to_string(rules.probes) + ")"));
}
