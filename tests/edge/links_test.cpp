// Links with a name of their own and links for one session, short signatures, and what each link allows caches to do.
#include <ctime>

#include "contract/session_cookie.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/feed.hpp"
#include "tests/support/json.hpp"

using namespace thumbgate::test;
using thumbgate::SessionToken;

namespace {

constexpr const char* kPath = "/w:300/plain/photo://abc";
const std::string kHash = "0123456789abcdef0123456789abcdef";
// Answers as the backend does: with an ETag to revalidate by.
constexpr const char* kPicture = R"(location / { add_header ETag '"a1"'; return 200 "picture"; })";

std::string exp(int seconds_from_now = 1000) {
    return "/exp:" + std::to_string(std::time(nullptr) + seconds_from_now);
}

SessionToken session(int seconds_from_now = 1000) {
    return thumbgate::new_session_token(static_cast<std::uint64_t>(std::time(nullptr) + seconds_from_now));
}

std::string verdict_of(const Response& response) {
    return text_at(parse_json(response.body), "type");
}

}  // namespace

TEST_CASE("a link for a session opens with that session's cookie alone") {
    const Origin origin;
    const FollowingEdge following(origin);
    const Nginx& edge = following.edge;
    const SessionToken owner = session();
    const std::string url = signed_url("/sid:" + owner.hash() + kPath);
    CHECK(edge.get(url, cookie_of(owner)).status == 200);
    const Response without = edge.get(url);
    CHECK(without.status == 403);
    CHECK(without.header("cache-control") == "no-store");
    CHECK(verdict_of(without) == "urn:thumbgate:problem:wrong_session");
    CHECK(edge.get(url, cookie_of(session())).status == 403);
    SessionToken ended = owner;
    ended.expires = 1;
    CHECK(edge.get(url, cookie_of(ended)).status == 403);
    CHECK(edge.get(url, {{"Cookie", "thumbgate=" + owner.hash()}}).status == 403);
}

TEST_CASE("who forges a link for a session is told of the signature, not of the session") {
    const Origin origin;
    const FollowingEdge following(origin);
    const Nginx& edge = following.edge;
    const SessionToken owner = session();
    const Response response = edge.get("/t/wrong/sid:" + owner.hash() + kPath, cookie_of(owner));
    CHECK(response.status == 403);
    CHECK(verdict_of(response) == "urn:thumbgate:problem:bad_signature");
}

TEST_CASE("a link for a session that has expired is 410, whoever asks") {
    const Origin origin;
    const FollowingEdge following(origin);
    const Nginx& edge = following.edge;
    const std::string url = signed_url(exp(-5) + "/sid:" + kHash + kPath);
    CHECK(edge.get(url).status == 410);
}

TEST_CASE("without a secret a link for a session opens for nobody") {
    const Origin origin;
    NginxConf conf = edge_conf(origin);
    conf.http.erase(conf.http.find("thumb_secret secret;"), std::string("thumb_secret secret;").size());
    const Nginx edge(conf);
    const SessionToken owner = session();
    CHECK(edge.get(signed_url(kPath)).status == 200);
    CHECK(edge.get(signed_url("/sid:" + owner.hash() + kPath), cookie_of(owner)).status == 403);
}

TEST_CASE("under satisfy any an address that is allowed may use a link for another session") {
    const Origin origin;
    const std::string url = signed_url("/sid:" + kHash + kPath);
    const Nginx known(edge_conf(origin, {.thumbnails = "satisfy any; allow 127.0.0.1; deny all;"}));
    CHECK(known.get(url).status == 200);
    const Nginx stranger(edge_conf(origin, {.thumbnails = "satisfy any; allow 192.0.2.1; deny all;"}));
    CHECK(stranger.get(url).status == 403);
}

TEST_CASE("a link with a name opens until it ends, and one that never ends is refused") {
    const Origin origin;
    const FollowingEdge following(origin);
    const Nginx& edge = following.edge;
    CHECK(edge.get(signed_url("/lid:Abc-1_2" + exp() + kPath)).status == 200);
    CHECK(edge.get(signed_url("/lid:Abc-1_2" + exp(-5) + kPath)).status == 410);
    const Response endless = edge.get(signed_url("/lid:Abc-1_2" + std::string(kPath)));
    CHECK(endless.status == 400);
    CHECK_THAT(endless.body, contains("bad_argument") && contains("lid") && contains("exp"));
}

TEST_CASE("links by name, for a session and plain ones share what the edge keeps") {
    const Origin origin;
    const FollowingEdge following(origin);
    const Nginx& edge = following.edge;
    const SessionToken owner = session();
    REQUIRE(edge.get(signed_url(kPath)).status == 200);
    const std::string named = signed_url("/lid:a" + exp() + kPath);
    const std::string bound = signed_url("/sid:" + owner.hash() + kPath);
    CHECK(wait_until(10s, [&] { return edge.get(named).header("x-cache") == "HIT"; }));
    CHECK(edge.get(bound, cookie_of(owner)).header("x-cache") == "HIT");
    // What is in the cache opens for nobody else.
    CHECK(edge.get(bound).status == 403);
    CHECK(origin.requests(1).size() == 1);
}

TEST_CASE("each kind of link says what caches may do, also where nothing has changed") {
    const Origin origin(kPicture);
    const FollowingEdge following(origin, {.thumbnails = "thumb_max_age 600s;"});
    const Nginx& edge = following.edge;
    const SessionToken owner = session();
    struct Case {
        std::string options;
        std::string expected;
    };
    for (const Case& link :
         {Case{"", "public, max-age=600"}, Case{exp(9000), "public, max-age=600, s-maxage=600, must-revalidate"},
          Case{exp(9000) + "/lid:a", "public, no-cache"}, Case{"/sid:" + owner.hash(), "private, no-cache"},
          Case{exp(9000) + "/lid:a/sid:" + owner.hash(), "private, no-cache"}}) {
        INFO(link.options);
        Headers headers = cookie_of(owner);
        const std::string url = signed_url(link.options + kPath);
        const Response full = edge.get(url, headers);
        CHECK(full.status == 200);
        CHECK(full.headers.all("cache-control") == std::vector<std::string>{link.expected});
        headers.add("If-None-Match", "\"a1\"");
        const Response unchanged = edge.get(url, headers);
        CHECK(unchanged.status == 304);
        CHECK(unchanged.body.empty());
        CHECK(unchanged.headers.all("cache-control") == std::vector<std::string>{link.expected});
    }
    CHECK(edge.get("/t/wrong" + std::string(kPath)).headers.all("cache-control") ==
          std::vector<std::string>{"no-store"});
}

TEST_CASE("a shorter signature is accepted where it is configured, at exactly that size") {
    const Origin origin;
    const FollowingEdge following(origin, {.thumbnails = "thumb_signature_size 10;"});
    const Nginx& edge = following.edge;
    const auto url_with = [](size_t bytes) { return "/t/" + signature_of(kPath, kKey, bytes) + kPath; };
    CHECK(edge.get(url_with(10)).status == 200);
    for (const size_t bytes : {1, 8, 9, 11, 31, 32}) CHECK(edge.get(url_with(bytes)).status == 403);
    const std::string signature = signature_of(kPath, kKey, 10);
    CHECK(edge.get("/t/" + signature + "==" + kPath).status == 403);
    // Ten bytes leave two bits of the last digit unused; they are zero in the one spelling.
    std::string other = signature;
    other.back() = static_cast<char>(other.back() + 1);
    CHECK(edge.get("/t/" + other + kPath).status == 403);
}

TEST_CASE("a full signature is not taken for a short one, nor a short one for a full one") {
    const Origin origin;
    const FollowingEdge following(origin);
    const Nginx& edge = following.edge;
    CHECK(edge.get("/t/" + signature_of(kPath, kKey, 16) + kPath).status == 403);
    CHECK(edge.get("/t/" + signature_of(kPath) + kPath).status == 200);
}

TEST_CASE("a revoked link is refused within a second, and other links to the same picture are not") {
    const Origin origin;
    const FollowingEdge following(origin);
    const Nginx& edge = following.edge;
    const auto expires = static_cast<std::uint64_t>(std::time(nullptr) + 1000);
    const std::string revoked = signed_url("/lid:leak" + exp() + kPath);
    const std::string other = signed_url("/lid:good" + exp() + kPath);
    REQUIRE(edge.get(revoked).status == 200);
    announce_revoked_link(following.redis, "leak", expires);
    CHECK(wait_until(1s, [&] { return edge.get(revoked).status == 410; }));
    CHECK(verdict_of(edge.get(revoked)) == "urn:thumbgate:problem:revoked");
    CHECK(edge.get(revoked).header("cache-control") == "no-store");
    CHECK(edge.get(other).status == 200);
    CHECK(edge.get(signed_url(kPath)).status == 200);
}

TEST_CASE("a link for a session that was ended is refused, cookie or not") {
    const Origin origin;
    const FollowingEdge following(origin);
    const Nginx& edge = following.edge;
    const SessionToken owner = session();
    const std::string url = signed_url("/sid:" + owner.hash() + kPath);
    REQUIRE(edge.get(url, cookie_of(owner)).status == 200);
    announce_ended_session(following.redis, owner.hash(), owner.expires);
    CHECK(wait_until(1s, [&] { return edge.get(url, cookie_of(owner)).status == 403; }));
}

TEST_CASE("until an edge knows what is revoked, links that could be are 503, and plain ones are served") {
    const Origin origin;
    const auto check = [&](const Nginx& edge) {
        const Response unknown = edge.get(signed_url("/lid:a" + exp() + kPath));
        CHECK(unknown.status == 503);
        CHECK(unknown.headers.has("retry-after"));
        CHECK(unknown.header("cache-control") == "no-store");
        CHECK(verdict_of(unknown) == "urn:thumbgate:problem:not_known");
        CHECK(edge.get(signed_url(kPath)).status == 200);
        CHECK(edge.get(signed_url("/exp:4000000000" + std::string(kPath))).status == 200);
    };
    check(Nginx(edge_conf(origin)));
    Redis redis;
    announce_revoked_link(redis, "a", static_cast<std::uint64_t>(std::time(nullptr) + 1000));
    redis.kill();
    const Nginx edge(edge_conf(origin, {.http = "thumb_feed unix:" + redis.socket().string() + " state=feed.state;"}));
    check(edge);
    redis.start();
    // What was revoked before this edge was here is known by the set, not by the stream.
    CHECK(wait_until(20s, [&] { return edge.get(signed_url("/lid:a" + exp() + kPath)).status == 410; }));
    CHECK(edge.get(signed_url("/lid:b" + exp() + kPath)).status == 200);
    redis.kill();
    CHECK(edge.get(signed_url("/lid:a" + exp() + kPath)).status == 410);
    CHECK(edge.get(signed_url("/lid:b" + exp() + kPath)).status == 200);
}
