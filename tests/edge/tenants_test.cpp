// What a location lets its links say: presets alone, and sources of its own.
#include "tests/support/catch.hpp"
#include "tests/support/feed.hpp"
#include "tests/support/json.hpp"

using namespace thumbgate::test;

namespace {

constexpr const char* kPresetsOnly =
    "thumb_presets_only on; thumb_preset small rs:fill:100:50; thumb_preset grey q:30; thumb_preset w g:no;";

EdgeConf with_sources(const std::string& sources, const std::string& more = {}) {
    return {.thumbnails = "thumb_sources " + sources + ";" + more};
}

std::string plain(const std::string& source) {
    return signed_url("/w:10/plain/" + source);
}

std::string detail_of(const Response& response) {
    return text_at(parse_json(response.body), "detail");
}

}  // namespace

TEST_CASE("in presets-only mode a link names presets, as imgproxy does and as an option") {
    const Origin origin;
    const FollowingEdge following(origin, {.thumbnails = kPresetsOnly});
    const Nginx& edge = following.edge;
    const auto asked = [&](const std::string& path) { return edge.get(signed_url(path)).body; };
    CHECK_THAT(asked("/small/plain/photo://a"), contains("/thumb/rt:fill/w:100/h:50/accept:base/plain/photo://a|"));
    const std::string both = "/thumb/rt:fill/w:100/h:50/q:30/accept:base/plain/photo://a|";
    CHECK_THAT(asked("/small:grey/plain/photo://a"), contains(both));
    CHECK_THAT(asked("/small:grey/cGhvdG86Ly9h"), contains(both));
    CHECK_THAT(asked("/pr:small:grey/plain/photo://a"), contains(both));
    CHECK_THAT(asked("/preset:grey/pr:small/cGhvdG86Ly9h"), contains(both));
    CHECK_THAT(asked("/exp:4000000000/small:grey/lid:x/plain/photo://a"), contains(both));
    CHECK_THAT(asked("/sm%61ll/plain/photo://a@webp"), contains("/thumb/rt:fill/w:100/h:50/f:webp/plain/photo://a|"));
    // A preset's name wins over an option's.
    CHECK_THAT(asked("/w:small/plain/photo://a"),
               contains("/thumb/rt:fill/w:100/h:50/g:no/accept:base/plain/photo://a|"));
}

TEST_CASE("in presets-only mode any other option is 400 and named") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, {.thumbnails = kPresetsOnly}));
    struct Case {
        std::string path;
        std::string named;
    };
    for (const Case& link :
         {Case{"/h:300/plain/photo://a", "\"h\""}, Case{"/small/q:80/plain/photo://a", "\"q\""},
          Case{"/pr:small/w:300/plain/photo://a", "\"w\""},
          Case{"/exp:4000000000/rs:fit:300/plain/photo://a", "\"rs\""},
          Case{"/small/blurry:1/plain/photo://a", "\"blurry\""}, Case{"/small:absent/plain/photo://a", "\"absent\""},
          Case{"/absent/plain/photo://a", "\"absent\""}, Case{"/plain/photo://a", "\"plain\""}}) {
        INFO(link.path);
        const Response response = edge.get(signed_url(link.path));
        CHECK(response.status == 400);
        CHECK_THAT(detail_of(response), contains(link.named));
    }
    CHECK(origin.requests().empty());
}

TEST_CASE("the default preset applies in presets-only mode as well") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, {.thumbnails = "thumb_preset default q:70; thumb_preset small w:100;"
                                                      "thumb_presets_only on;"}));
    CHECK_THAT(edge.get(signed_url("/small/plain/photo://a")).body, contains("/thumb/w:100/q:70/accept:base/"));
    CHECK_THAT(edge.get(signed_url("/default/plain/photo://a")).body, contains("/thumb/q:70/accept:base/"));
}

TEST_CASE("a link may name the sources of its location, and no other") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, with_sources("photo:// s3://acme/ https://img.acme.example/public/")));
    for (const char* source :
         {"photo://abc", "s3://acme/a.jpg", "s3://acme/b/..c/a.jpg", "https://img.acme.example/public/a/b.jpg%3Fx=1"}) {
        INFO(source);
        CHECK(edge.get(plain(source)).status == 200);
    }
    const size_t allowed = origin.requests(4).size();
    CHECK(allowed == 4);
    for (const char* source :
         {"s3://acme2/a.jpg", "s3://acm/a.jpg", "s3://acme", "s3://other/s3://acme/", "https://img.acme.example/a.jpg",
          "https://img.acme.example.evil.example/public/a", "https://img.acme.example%5Cpublic/a",
          "https://img.acme.example%40evil.example/public/a", "http://img.acme.example/public/a", "S3://acme/a.jpg",
          "https://IMG.acme.example/public/a", "local:///etc/passwd", "abc", "/photo://abc", "%20photo://abc"}) {
        INFO(source);
        const Response response = edge.get(plain(source));
        CHECK(response.status == 403);
        CHECK(response.header("cache-control") == "no-store");
        CHECK_THAT(response.body, contains("urn:thumbgate:problem:forbidden_source"));
    }
    CHECK(origin.requests().size() == allowed);
}

TEST_CASE("dot segments do not lead out of a source's prefix, in whatever spelling") {
    const Origin origin;
    const Nginx edge(edge_conf(origin, with_sources("local:///acme/ https://img.example/acme/")));
    for (const char* rest : {"../other/a", "a/../../other", "./a", "a/.", "..", "%2E%2E/a", "%2e%2e%2Fa", "..%5Ca",
                             "%252E%252e/a", "a%252F..%252fb", ".%252E/a", "a%255C..%255cb", "%252e/%25zz"}) {
        INFO(rest);
        CHECK(edge.get(plain("local:///acme/" + std::string(rest))).status == 403);
        CHECK(edge.get(plain("https://img.example/acme/" + std::string(rest))).status == 403);
    }
    CHECK(edge.get(plain("local:///acme/.../a..b/.c")).status == 200);
    // In base64 as well: "local:///acme/../x".
    CHECK(edge.get(signed_url("/w:10/" + base64url("local:///acme/../x"))).status == 403);
}

TEST_CASE("a source of another location stays closed to who is let in by address, and where links are not signed") {
    const Origin origin;
    const Nginx any(edge_conf(origin, with_sources("photo://", "satisfy any; allow 127.0.0.1; deny all;")));
    CHECK(any.get("/t/wrong/w:10/plain/photo://a").status == 200);
    CHECK(any.get("/t/wrong/w:10/plain/s3://a/b").status == 403);
    const Nginx open(edge_conf(origin, {.locations = "location /u/ { thumb_signature off; thumb_sources photo://;"
                                                     " proxy_pass http://thumbgated$thumb_backend_uri; }"}));
    CHECK(open.get("/u/insecure/w:10/plain/photo://a").status == 200);
    CHECK(open.get("/u/insecure/w:10/plain/s3://a/b").status == 403);
}

TEST_CASE("tenants have keys, sources and rules of their own, and share what they may both see") {
    const Origin origin;
    const std::string proxy =
        "proxy_cache thumbs; proxy_cache_key $thumb_cache_key; proxy_cache_valid 200 1h;"
        " proxy_pass http://thumbgated$thumb_backend_uri;";
    NginxConf conf = edge_conf(origin, {.http = "thumb_sources photo://;",
                                        .locations = "location /acme/ { thumb_signature on; thumb_keys acme-keys;"
                                                     " thumb_sources photo:// s3://acme/;" +
                                                     proxy +
                                                     "}"
                                                     "location /any/ { thumb_signature on; thumb_sources any;" +
                                                     proxy + "}"});
    conf.files["acme-keys"] = kOtherKey.line();
    const Nginx edge(conf);
    const auto url = [](const std::string& prefix, const std::string& path, const Key& key) {
        return prefix + signature_of(path, key) + path;
    };
    const std::string photo = "/w:10/plain/photo://a";
    const std::string bucket = "/w:10/plain/s3://acme/a";
    CHECK(edge.get(url("/acme/", photo, kOtherKey)).status == 200);
    CHECK(edge.get(url("/acme/", photo, kKey)).status == 403);
    CHECK(edge.get(url("/t/", photo, kOtherKey)).status == 403);
    CHECK(wait_until(10s, [&] { return edge.get(url("/t/", photo, kKey)).header("x-cache") == "HIT"; }));
    CHECK(edge.get(url("/acme/", bucket, kOtherKey)).status == 200);
    // In the cache by now, and closed all the same.
    CHECK(edge.get(url("/t/", bucket, kKey)).status == 403);
    CHECK(edge.get(url("/any/", bucket, kKey)).status == 200);
}

TEST_CASE("the log and the metrics tell of sources and sessions that were refused") {
    const Origin origin;
    EdgeConf conf = with_sources("photo://");
    conf.locations = "location = /metrics { thumb_metrics; }";
    const Nginx edge(edge_conf(origin, conf));
    REQUIRE(edge.get(plain("s3://a/b")).status == 403);
    REQUIRE(edge.get(signed_url("/sid:0123456789abcdef0123456789abcdef/w:10/plain/photo://a")).status == 403);
    CHECK_THAT(edge.get("/metrics").body,
               contains("{verdict=\"forbidden_source\",cache=\"none\",status_class=\"4xx\"} 1") &&
                   contains("{verdict=\"wrong_session\",cache=\"none\",status_class=\"4xx\"} 1"));
}
