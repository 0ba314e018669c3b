// Pages: nothing that is not ours gets out of its place.
#include "backend/http/html.hpp"

#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

TEST_CASE("text is text, whatever it looks like") {
    CHECK(html_escape("<script>alert('x')</script>") == "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
    CHECK(html_escape("\" onload=\"x") == "&quot; onload=&quot;x");
    CHECK(html_escape("&amp;") == "&amp;amp;");
    CHECK(html_escape("Früh auf, 早") == "Früh auf, 早");
    CHECK(html_escape("").empty());
}

TEST_CASE("a page runs no script, is framed by nobody, and tells nobody where its reader came from") {
    const auto page = html_response(200, {"a </title><b>", "", "<p>body</p>"});
    const std::string_view policy = find_header(page.headers, "Content-Security-Policy");
    CHECK_THAT(std::string(policy), contains("default-src 'none'") && contains("frame-ancestors 'none'") &&
                                        contains("style-src 'sha256-") && !contains("unsafe") && !contains("script"));
    CHECK(find_header(page.headers, "Referrer-Policy") == "no-referrer");
    CHECK(find_header(page.headers, "Content-Type") == "text/html; charset=utf-8");
    CHECK_THAT(page.body, contains("<title>a &lt;/title&gt;&lt;b&gt;</title>") && contains("<p>body</p>"));
}

TEST_CASE("a problem's page says its message, and not what is for the log") {
    const auto page =
        problem_page({503, "redis_unavailable", "Try <again>.", "secret detail", std::chrono::seconds(3)});
    CHECK(page.status == 503);
    CHECK(find_header(page.headers, "Retry-After") == "3");
    CHECK_THAT(page.body, contains("Try &lt;again&gt;.") && !contains("secret"));
    REQUIRE(page.error);
    CHECK(page.error->detail == "secret detail");
}
