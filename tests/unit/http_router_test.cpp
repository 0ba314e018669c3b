// Which handler answers which path.
#include "backend/http/router.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "tests/support/catch.hpp"

using namespace thumbgate;

namespace {

boost::asio::awaitable<Result<Response>> nothing(Request& /*request*/) {
    co_return Response{};
}

const Router& router() {
    static const Router routes({{"GET", "/thumb/*", RouteKind::thumbnail, nothing},
                                {"POST", "/api/photos", RouteKind::api, nothing},
                                {"GET", "/api/photos", RouteKind::api, nothing},
                                {"GET", "/api/photos/{id}", RouteKind::api, nothing},
                                {"DELETE", "/api/photos/{id}", RouteKind::api, nothing},
                                {"POST", "/api/photos/{id}/links", RouteKind::api, nothing}});
    return routes;
}

std::string pattern(std::string_view method, std::string_view path) {
    const auto match = router().match(method, path);
    return match.route == nullptr ? "" : std::string(match.route->pattern);
}

}  // namespace

TEST_CASE("a path finds its route, and what its placeholder stands for") {
    CHECK(pattern("POST", "/api/photos") == "/api/photos");
    CHECK(pattern("DELETE", "/api/photos/abc") == "/api/photos/{id}");
    CHECK(router().match("GET", "/api/photos/abc").parameters == std::vector<std::string>{"abc"});
    CHECK(router().match("POST", "/api/photos/abc/links").parameters == std::vector<std::string>{"abc"});
    CHECK(router().match("GET", "/thumb/w:1/plain/photo://x").parameters ==
          std::vector<std::string>{"w:1/plain/photo://x"});
}

TEST_CASE("HEAD is answered where GET is") {
    CHECK(pattern("HEAD", "/api/photos") == "/api/photos");
    CHECK(pattern("HEAD", "/api/photos/x/links").empty());
}

TEST_CASE("a path that is not exactly one of the routes finds none") {
    for (const char* path :
         {"", "/", "/api", "/api/photos/", "/api/photos//", "//api/photos", "/api/photos/a/", "/api/photos//links",
          "/api/photos/a/b", "/api/photos/a/links/", "/API/photos", "/thumb"}) {
        CAPTURE(path);
        CHECK(pattern("GET", path).empty());
        CHECK(pattern("POST", path).empty());
    }
}

TEST_CASE("a wrong method on a right path is told which are right") {
    CHECK(router().match("PUT", "/api/photos").allowed == "POST, GET, HEAD");
    CHECK(router().match("PUT", "/api/photos/x").allowed == "GET, HEAD, DELETE");
    CHECK(router().match("PUT", "/nope").allowed.empty());
}

TEST_CASE("the table of routes says every route, and itself") {
    const Route route = table_route(
        {{"POST", "/api/photos", RouteKind::api, nothing}, {"GET", "/thumb/*", RouteKind::thumbnail, nothing}});
    CHECK(route.pattern == "/routes");
    boost::asio::io_context io;
    Request request;
    auto answer = boost::asio::co_spawn(io, route.handler(request), boost::asio::use_future);
    io.run();
    CHECK(answer.get()->body == R"({"routes":[{"method":"POST","pattern":"/api/photos","kind":"api"},)"
                                R"({"method":"GET","pattern":"/thumb/*","kind":"thumbnail"},)"
                                R"({"method":"GET","pattern":"/routes","kind":"internal"}]})"
                                "\n");
}
