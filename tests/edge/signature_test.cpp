// The edge lets a link pass that is signed and alive, and says of any other why not.
#include <chrono>

#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"
#include "tests/support/json.hpp"

using namespace thumbgate::test;

namespace {

constexpr const char* kPath = "/rs:fill:300:400/plain/photo://abc";

std::string in_seconds(int seconds) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count() + seconds);
}

std::string with_changed_character(std::string text, size_t at) {
    text[at] = text[at] == 'A' ? 'B' : 'A';
    return text;
}

}  // namespace

TEST_CASE("a signed link is fetched from the backend in canonical form") {
    const Origin origin;
    const Nginx edge(edge_conf(origin));
    const Response response = edge.get(signed_url(kPath));
    CHECK(response.status == 200);
    CHECK_THAT(response.body, starts_with("GET /thumb/rt:fill/w:300/h:400/accept:base/plain/photo://abc|v1;t="));
}

TEST_CASE("one changed character of a signature, an option or the source is 403 and reaches no backend") {
    const Origin origin;
    const Nginx edge(edge_conf(origin));
    const std::string url = signed_url(kPath);
    for (size_t at = std::string("/t/").size(); at < url.size(); ++at) {
        if (url[at] == '/') continue;
        INFO(at);
        CHECK(edge.get(with_changed_character(url, at)).status == 403);
    }
    CHECK(origin.requests().empty());
}

TEST_CASE("a signature has one spelling") {
    const Origin origin;
    const Nginx edge(edge_conf(origin));
    const std::string signature = signature_of(kPath);
    CHECK(edge.get("/t/" + signature + kPath).status == 200);
    CHECK(edge.get("/t/" + signature + "=" + kPath).status == 403);
    CHECK(edge.get("/t/" + signature.substr(0, 42) + kPath).status == 403);
    CHECK(edge.get("/t/x" + signature + kPath).status == 403);
    // Without any signature it is no link at all, as at the CDNs.
    CHECK(edge.get("/t/" + std::string(kPath)).status == 400);
    CHECK(edge.get("/t/").status == 400);
    CHECK(edge.get("/t/" + signature).status == 400);
}

TEST_CASE("the signature covers the bytes as sent, so that a re-encoded link is refused") {
    const Origin origin;
    const Nginx edge(edge_conf(origin));
    const std::string signature = signature_of(kPath);
    CHECK(edge.get("/t/" + signature + "/rs:fill:300:400/plain/photo%3A%2F%2Fabc").status == 403);
    CHECK(edge.get("/t/" + signature + "/rs:fill:300:400/plain/photo:/abc").status == 403);
    CHECK(edge.get("/%74/" + signature + kPath).status == 400);
    CHECK(edge.get("//t/" + signature + kPath).status == 400);
    // Signed in that spelling it is the same picture.
    CHECK_THAT(edge.get(signed_url("/rs%3Afill%3a300:400/plain/photo%3A%2F%2Fabc")).body,
               contains("/thumb/rt:fill/w:300/h:400/accept:base/plain/photo://abc|"));
}

TEST_CASE("the query is not covered, not forwarded and not in the cache key") {
    const Origin origin;
    const Nginx edge(edge_conf(origin));
    CHECK(edge.get(signed_url(kPath)).header("x-cache") == "MISS");
    const Response response = edge.get(signed_url(kPath) + "?width=9999");
    CHECK(response.status == 200);
    CHECK(response.header("x-cache") == "HIT");
}

TEST_CASE("a link that has expired is 410, and one that has not is kept no longer than it lives") {
    const Origin origin;
    const Nginx edge(edge_conf(origin));
    CHECK(edge.get(signed_url("/exp:" + in_seconds(-2) + kPath)).status == 410);
    CHECK(edge.get(signed_url("/exp:" + in_seconds(-2) + "/exp:" + in_seconds(100) + kPath)).status == 200);
    const Response alive = edge.get(signed_url("/exp:" + in_seconds(100) + kPath));
    CHECK(alive.status == 200);
    CHECK_THAT(alive.header("cache-control"), starts_with("public, max-age=") && contains("must-revalidate"));
    const int max_age = std::stoi(alive.header("cache-control").substr(std::string("public, max-age=").size()));
    CHECK(max_age > 90);
    CHECK(max_age <= 100);
}

TEST_CASE("an unknown option is named, also where the link is signed") {
    const Origin origin;
    const Nginx edge(edge_conf(origin));
    const Response response = edge.get(signed_url("/sharpenn:3/plain/photo://abc"));
    CHECK(response.status == 400);
    CHECK(response.header("content-type") == "application/problem+json");
    CHECK(response.header("cache-control") == "no-store");
    const json::value problem = parse_json(response.body);
    CHECK_THAT(text_at(problem, "detail"), contains("sharpenn"));
    CHECK(text_at(problem, "request_id").size() == 32);
    CHECK(number_at(problem, "status") == 400);
}

TEST_CASE("a key signs within its time only, and every valid key verifies") {
    const Origin origin;
    const std::string past = "not-after=" + in_seconds(-10);
    const std::string keys = kKey.line() + std::string(kOtherKey.line());
    const Nginx both(edge_conf(origin, {.keys = keys}));
    CHECK(both.get(signed_url(kPath, kKey)).status == 200);
    CHECK(both.get(signed_url(kPath, kOtherKey)).status == 200);
    std::string retired = kKey.line();
    retired.insert(retired.size() - 1, " " + past);
    const Nginx one(edge_conf(origin, {.keys = retired + kOtherKey.line()}));
    CHECK(one.get(signed_url(kPath, kKey)).status == 403);
    CHECK(one.get(signed_url(kPath, kOtherKey)).status == 200);
}

TEST_CASE("without verification links are still parsed") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, {.locations = "location /u/ { thumb_signature off;"
                                                     " proxy_pass http://thumbgated$thumb_backend_uri; }"}));
    CHECK_THAT(edge.get("/u/insecure/w:10/plain/photo://a").body, contains("/thumb/w:10/accept:base/plain/photo://a"));
    CHECK(edge.get("/u/insecure/zzz:10/plain/photo://a").status == 400);
    CHECK(edge.get("/u/insecure").status == 400);
}

TEST_CASE("a location nested in a thumbnail location is not an open door") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, {.thumbnails = R"(location ~ \.webp$ { return 200 "open"; }
                                                         location ~ photo { proxy_pass http://thumbgated; })"}));
    CHECK(edge.get("/t/wrong/w:10/plain/a.photo").status == 403);
}

TEST_CASE("a signature works with allow, deny and satisfy") {
    const Origin origin;
    const Nginx any(edge_conf(origin, {.thumbnails = "satisfy any; allow 127.0.0.1; deny all;"}));
    CHECK(any.get("/t/wrong" + std::string(kPath)).status == 200);
    CHECK(any.get("/t/wrong/zzz:1/plain/photo://a").status == 400);
    const Nginx stranger(edge_conf(origin, {.thumbnails = "satisfy any; allow 192.0.2.1; deny all;"}));
    CHECK(stranger.get("/t/wrong" + std::string(kPath)).status == 403);
    CHECK(stranger.get(signed_url(kPath)).status == 200);
    CHECK(stranger.get(signed_url("/exp:100" + std::string(kPath))).status == 403);
    const Nginx all(edge_conf(origin, {.thumbnails = "satisfy all; allow 192.0.2.1; deny all;"}));
    CHECK(all.get(signed_url(kPath)).status == 403);
}

TEST_CASE("only GET and HEAD fetch a thumbnail") {
    const Origin origin;
    const Nginx edge(edge_conf(origin));
    for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
        CHECK(edge.send({.url = signed_url(kPath), .method = method}).status == 405);
    }
    CHECK(edge.send({.url = signed_url(kPath), .method = "HEAD"}).status == 200);
}

TEST_CASE("presets stand for their options, and the default one for every link") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, {.thumbnails = "thumb_preset default q:70;"
                                                      "thumb_preset small rs:fill:10:20;"
                                                      "thumb_preset tiny pr:small/w:5;"}));
    CHECK_THAT(edge.get(signed_url("/pr:tiny/plain/photo://a")).body,
               contains("/thumb/rt:fill/w:5/h:20/q:70/accept:base/plain/photo://a|"));
    CHECK(edge.get(signed_url("/pr:absent/plain/photo://a")).status == 400);
}
