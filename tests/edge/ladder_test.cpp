// One signature for every width of a ladder, and for nothing else.
#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"

using namespace thumbgate::test;

namespace {

const std::string kAnyWidth = "/w:*/h:200/q:80/plain/photo://abc";

EdgeConf with_sizes(const std::string& sizes = "thumb_sizes 160 320 640;") {
    return {.thumbnails = sizes};
}

// `path` behind the signature of `signed_path`.
std::string url_of(const std::string& path, const std::string& signed_path = kAnyWidth) {
    return "/t/" + signature_of(signed_path) + path;
}

}  // namespace

TEST_CASE("one signature opens each width of the ladder, as a picture of its own") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, with_sizes()));
    for (const char* width : {"160", "320", "640"}) {
        const Response response = edge.get(url_of("/w:" + std::string(width) + "/h:200/q:80/plain/photo://abc"));
        CHECK(response.status == 200);
        CHECK_THAT(response.body,
                   contains("/thumb/w:" + std::string(width) + "/h:200/q:80/accept:base/plain/photo://abc|"));
    }
    CHECK(edge.get(url_of("/width:320/plain/photo://a", "/width:*/plain/photo://a")).status == 200);
}

TEST_CASE("a width that is not on the ladder, or not in its spelling, is 403") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, with_sizes()));
    for (const char* width : {"161", "32", "3200", "0320", "0", "", "320:", "%33%32%30", "-320", "3*0", "**"}) {
        INFO(width);
        CHECK(edge.get(url_of("/w:" + std::string(width) + "/h:200/q:80/plain/photo://abc")).status == 403);
    }
    CHECK(origin.requests().empty());
}

TEST_CASE("a link that was signed with its width is valid with that one alone") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, with_sizes()));
    const std::string on = "/w:320/plain/photo://a";
    const std::string off = "/w:300/plain/photo://a";
    CHECK(edge.get(url_of(on, on)).status == 200);
    CHECK(edge.get(url_of(off, off)).status == 200);
    CHECK(edge.get(url_of("/w:160/plain/photo://a", on)).status == 403);
    CHECK(edge.get(url_of("/w:160/plain/photo://a", off)).status == 403);
}

TEST_CASE("the star is no width: a request that sends it is 400") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, with_sizes()));
    const Response response = edge.get(url_of(kAnyWidth));
    CHECK(response.status == 400);
    CHECK_THAT(response.body, contains("bad_argument") && contains("width"));
    CHECK(origin.requests().empty());
}

TEST_CASE("a ladder lets no other number of the link change") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, with_sizes()));
    for (const char* path : {
             "/w:320/h:160/q:80/plain/photo://abc",
             "/w:320/h:200/q:81/plain/photo://abc",
             "/w:320/h:200/q:80/plain/photo://abd",
             "/w:320/h:*/q:80/plain/photo://abc",
             "/w:320/h:200/q:80/plain/photo://abc@webp",
             "/w:320/w:640/h:200/q:80/plain/photo://abc",
             "/exp:4000000000/w:320/h:200/q:80/plain/photo://abc",
             "/rs:fit:320/h:200/q:80/plain/photo://abc",
             "/s:320/h:200/q:80/plain/photo://abc",
         }) {
        INFO(path);
        CHECK(edge.get(url_of(path)).status == 403);
    }
    // Signed over "*" in another place, a number there is no width of the ladder.
    CHECK(edge.get(url_of("/h:320/plain/photo://a", "/h:*/plain/photo://a")).status == 403);
    CHECK(edge.get(url_of("/q:160/plain/photo://a", "/q:*/plain/photo://a")).status == 403);
    CHECK(edge.get(url_of("/exp:640/plain/photo://a", "/exp:*/plain/photo://a")).status == 403);
    CHECK(edge.get(url_of("/plain/local:///w:320/a", "/plain/local:///w:*/a")).status == 403);
    CHECK(origin.requests().empty());
}

TEST_CASE("a path with two widths is on no ladder") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, with_sizes()));
    CHECK(edge.get(url_of("/w:160/w:320/plain/photo://a", "/w:*/w:320/plain/photo://a")).status == 403);
    CHECK(edge.get(url_of("/w:160/w:320/plain/photo://a", "/w:160/w:*/plain/photo://a")).status == 403);
    CHECK(edge.get(url_of("/w:160/width:320/plain/photo://a", "/w:*/width:*/plain/photo://a")).status == 403);
}

TEST_CASE("without thumb_sizes, or where it is off, a star signs nothing") {
    const Origin origin;
    const std::string url = url_of("/w:320/h:200/q:80/plain/photo://abc");
    CHECK(Nginx(edge_conf(origin)).get(url).status == 403);
    CHECK(Nginx(edge_conf(origin, {.http = "thumb_sizes 320;"})).get(url).status == 200);
    CHECK(Nginx(edge_conf(origin, {.http = "thumb_sizes 320;", .thumbnails = "thumb_sizes off;"})).get(url).status ==
          403);
}

TEST_CASE("a link of a ladder expires as any other does") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, with_sizes()));
    CHECK(edge.get(url_of("/exp:1/w:320/plain/photo://a", "/exp:1/w:*/plain/photo://a")).status == 410);
    CHECK(edge.get(url_of("/exp:4000000000/w:320/plain/photo://a", "/exp:4000000000/w:*/plain/photo://a")).status ==
          200);
}
