// Reading requests: header fields, the query, small bodies.
#include "backend/http/message.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/backend_fakes.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

TEST_CASE("header fields are found without regard to case, and joined in order") {
    const std::vector<Header> headers{{"Cookie", "a=1"}, {"X", "y"}, {"cookie", "b=2"}};
    CHECK(find_header(headers, "COOKIE") == "a=1");
    CHECK(find_header(headers, "Cooki").empty());
    CHECK(count_headers(headers, "cookie") == 2);
    CHECK(join_headers(headers, "Cookie", "; ") == "a=1; b=2");
    CHECK(join_headers(headers, "None", "; ").empty());
}

TEST_CASE("a parameter of the query is found and decoded") {
    CHECK(query_parameter("limit=2&cursor=a%2Db", "cursor") == "a-b");
    CHECK(query_parameter("limit=2&cursor=a", "limit") == "2");
    CHECK(query_parameter("limit=", "limit") == "");
    CHECK(query_parameter("limit", "limit") == "");
    CHECK(query_parameter("xlimit=2", "limit") == std::nullopt);
    CHECK(query_parameter("", "limit") == std::nullopt);
    CHECK(query_parameter("limit=%zz", "limit") == std::nullopt);
}

TEST_CASE("a small body is read whole, a larger one is refused") {
    FakeBody body(std::string(100, 'x'), 7);
    CHECK(run_coroutine(read_body(body, 100)) == std::string(100, 'x'));
    FakeBody larger(std::string(101, 'x'), 7);
    CHECK(run_coroutine(read_body(larger, 100)).error().status == 413);
}

TEST_CASE("a body that breaks off is an error, not a shorter body") {
    FakeBody body("half");
    body.error_at_end = Error{400, "incomplete_body", "cut off"};
    CHECK(run_coroutine(read_body(body, 100)).error().code == "incomplete_body");
}
