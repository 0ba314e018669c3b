// The name that a thumbnail is saved under: each link's own, though all of them share one cached picture.
#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"

using namespace thumbgate::test;

namespace {

constexpr const char* kBody =
    "location ~ gone { return 404; }"
    "location / { add_header ETag '\"abc\"'; add_header Accept-Ranges bytes; default_type image/webp; return 200 body; "
    "}";
constexpr const char* kNamed = "inline; filename=\"cat.webp\"";

NginxConf conf(const Origin& origin) {
    return edge_conf(origin, {.http = "thumb_hot_zone hot:4m;", .thumbnails = "thumb_hot hot;"});
}

std::string named(const std::string& options, const std::string& source = "abc") {
    return signed_url("/" + options + "w:1/f:webp/plain/photo://" + source);
}

}  // namespace

TEST_CASE("links that differ in the name alone share one picture, from every cache, each with its own name") {
    const Origin origin(kBody);
    const Nginx edge(conf(origin));
    REQUIRE(edge.get(named("fn:cat/")).header("content-disposition") == kNamed);
    REQUIRE(wait_until(10s, [&] { return edge.get(named("")).header("x-cache") == "HOT"; }));
    const Response plain = edge.get(named(""));
    CHECK_FALSE(plain.headers.has("content-disposition"));
    for (const auto& [options, value] :
         std::vector<std::pair<std::string, std::string>>{{"fn:cat/", kNamed},
                                                          {"fn:dog/att:1/", "attachment; filename=\"dog.webp\""},
                                                          {"att:1/", "attachment; filename=\"abc.webp\""}}) {
        const Response hot = edge.get(named(options));
        INFO(hot);
        CHECK(hot.header("x-cache") == "HOT");
        CHECK(hot.headers.all("content-disposition") == std::vector{value});
        CHECK(hot.body == plain.body);
        CHECK(hot.header("etag") == plain.header("etag"));
    }
    CHECK(origin.requests(1).size() == 1);
}

TEST_CASE("a part and a HEAD of a picture have its name as well, and a 304 leaves it as it was") {
    const Origin origin(kBody);
    const Nginx edge(conf(origin));
    const std::string url = named("fn:cat/");
    REQUIRE(wait_until(10s, [&] { return edge.get(url).header("x-cache") == "HOT"; }));
    const Response part = edge.get(url, {{"Range", "bytes=1-2"}});
    CHECK(part.status == 206);
    CHECK(part.header("content-disposition") == kNamed);
    CHECK(edge.send({.url = url, .method = "HEAD"}).header("content-disposition") == kNamed);
    const Response same = edge.get(url, {{"If-None-Match", "\"abc\""}});
    CHECK(same.status == 304);
    CHECK_FALSE(same.headers.has("content-disposition"));
}

TEST_CASE("no error and no refusal is saved under a picture's name") {
    const Origin origin(kBody);
    const Nginx edge(conf(origin));
    const auto has_name = [](const Response& response, int status) {
        INFO(response);
        CHECK(response.status == status);
        return response.headers.has("content-disposition");
    };
    CHECK_FALSE(has_name(edge.get(named("fn:cat/att:1/", "gone")), 404));
    CHECK_FALSE(has_name(edge.get("/t/wrong/fn:cat/plain/photo://abc"), 403));
    CHECK_FALSE(has_name(edge.get(named("fn:cat/exp:1/")), 410));
    CHECK_FALSE(has_name(edge.get(named("fn:cat/nonsense:1/")), 400));
}

TEST_CASE("a hostile name stays inside its field") {
    const Origin origin(kBody);
    const Nginx edge(conf(origin));
    const Response quoted = edge.get(named("fn:a%22%3B%20filename=%22b.exe/"));
    CHECK(quoted.status == 200);
    CHECK(quoted.header("content-disposition") ==
          "inline; filename=\"a_; filename=_b.exe.webp\"; filename*=UTF-8''a%22%3B%20filename%3D%22b.exe.webp");
    CHECK(edge.get(named("fn:a%0D%0AX-Evil:%201/")).status == 400);
}
