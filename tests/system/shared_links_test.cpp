// Links through the edge: made, tried from everywhere, revoked, and still revoked when Redis has lost everything.
#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

struct Sharing {
    Stack stack;
    CookieJar owner;
    CookieJar stranger;
    Uploaded photo;

    explicit Sharing(const StackOptions& options = {}) : stack(options) {
        photo = stack.upload(photos::flower(), &owner);
        stack.upload(photos::meadow(), &stranger);
    }

    json::value share(const std::string& body, const std::string& target = "") {
        const Response made = stack.send({.url = target.empty() ? "/api/photos/" + photo.id + "/links" : target,
                                          .method = "POST",
                                          .body = body,
                                          .jar = &owner});
        INFO(made);
        REQUIRE(made.status == 201);
        return parse_json(made.body);
    }

    int revoke(const std::string& id, CookieJar* jar) {
        return stack.send({.url = "/api/links/" + id, .method = "DELETE", .jar = jar}).status;
    }

    bool ends_within_a_second(const std::string& url) {
        return wait_until(1s, [&] { return stack.get(url).status == 410; });
    }
};

// Every signed target that a page names.
std::set<std::string> targets_in(const std::string& html) {
    std::set<std::string> targets;
    for (size_t at = html.find("/t/"); at != std::string::npos; at = html.find("/t/", at + 1)) {
        targets.insert(html.substr(at, html.find_first_of("\" ,", at) - at));
    }
    return targets;
}

}  // namespace

TEST_CASE("a revoked link is refused at the edge within a second, and others to the same photo are not") {
    Sharing sharing;
    const json::value link = sharing.share(R"({"expires_in": "1h", "width": 320, "name": "for Eve"})");
    const json::value other = sharing.share(R"({"expires_in": "1h"})");
    const std::string url = text_at(link, "url");
    REQUIRE(sharing.stack.get(url).status == 200);
    CHECK_THAT(sharing.stack.get(url).header("cache-control"), contains("no-cache"));
    CHECK(sharing.revoke(text_at(link, "id"), &sharing.owner) == 204);
    CHECK(sharing.ends_within_a_second(url));
    CHECK(sharing.stack.get(text_at(other, "url")).status == 200);
    const auto left = parse_json(sharing.stack.get("/api/links", {}, &sharing.owner).body).at("links").as_array();
    REQUIRE(left.size() == 1);
    CHECK(text_at(left[0], "id") == text_at(other, "id"));
}

TEST_CASE("links that were revoked are so after Redis has lost everything and every process was killed") {
    Sharing sharing;
    sharing.stack.edge().expect_log("[error]");
    const std::string before = text_at(sharing.share(R"({"expires_in": "1h"})"), "url");
    const json::value link = sharing.share(R"({"expires_in": "1h"})");
    REQUIRE(sharing.revoke(text_at(link, "id"), &sharing.owner) == 204);
    REQUIRE(sharing.ends_within_a_second(text_at(link, "url")));
    SECTION("while the backend runs") {
        sharing.stack.redis().command({"FLUSHALL"});
    }
    SECTION("while the backend is down") {
        sharing.stack.backend().kill();
        sharing.stack.redis().command({"FLUSHALL"});
        sharing.stack.backend().start();
    }
    const std::string name = "lid:" + text_at(link, "id");
    CHECK(wait_until(20s, [&] {
        return sharing.stack.redis().command({"ZSCORE", "thumbgate:revoked", name}).find_first_of("0123456789") !=
               std::string::npos;
    }));
    CHECK(wait_until(20s, [&] { return sharing.stack.get(text_at(link, "url")).status == 410; }));
    CHECK(wait_until(20s, [&] { return sharing.stack.get(before).status == 200; }));
}

TEST_CASE("no path shows or changes anything of another owner's links, nor that they exist") {
    Sharing sharing;
    const std::string id = text_at(sharing.share(R"({"expires_in": "1h"})"), "id");
    const std::string album =
        text_at(sharing.share(R"({"expires_in": "1h", "photos": [")" + sharing.photo.id + "\"]}", "/api/links"), "id");
    const Response unknown =
        sharing.stack.send({.url = "/api/links/" + std::string(26, 'a'), .method = "DELETE", .jar = &sharing.stranger});
    CHECK(unknown.status == 404);
    for (const std::string& each : {id, album}) {
        const Response foreign =
            sharing.stack.send({.url = "/api/links/" + each, .method = "DELETE", .jar = &sharing.stranger});
        CHECK(foreign.status == 404);
        CHECK(text_at(parse_json(foreign.body), "detail") == text_at(parse_json(unknown.body), "detail"));
        CHECK(sharing.revoke(each, nullptr) == 401);
    }
    const auto send = [&](const std::string& method, const std::string& target, const std::string& body) {
        return sharing.stack.send({.url = target, .method = method, .body = body, .jar = &sharing.stranger}).status;
    };
    CHECK(send("POST", "/api/photos/" + sharing.photo.id + "/links", R"({"expires_in": 9})") == 404);
    CHECK(send("POST", "/api/links", R"({"expires_in": 9, "photos": [")" + sharing.photo.id + "\"]}") == 404);
    CHECK(sharing.stack.get("/api/photos/" + sharing.photo.id + "/links", {}, &sharing.stranger).status == 404);
    CHECK(sharing.stack.get("/api/links", {}, &sharing.stranger).body == "{\"links\":[]}\n");
    CHECK(parse_json(sharing.stack.get("/api/links", {}, &sharing.owner).body).at("links").as_array().size() == 2);
}

TEST_CASE("a bound link shows its picture in the session that made it, and nowhere else") {
    Sharing sharing;
    const std::string url = text_at(sharing.share(R"({"expires_in": "1h", "bound": true})"), "url");
    CHECK(sharing.stack.get(url, {}, &sharing.owner).status == 200);
    CHECK(sharing.stack.get(url, {}, &sharing.stranger).status == 403);
    CHECK(sharing.stack.get(url).status == 403);
}

TEST_CASE("a link's page shows its picture to anybody, and both end within a second of each other") {
    Sharing sharing;
    const json::value link = sharing.share(R"({"expires_in": "1h", "name": "<b>Dunes</b>"})");
    const Response page = sharing.stack.get(text_at(link, "page"));
    INFO(page);
    REQUIRE(page.status == 200);
    CHECK(page.header("cache-control") == "no-store");
    CHECK(page.header("x-request-id").size() == 32);
    CHECK_THAT(page.header("content-security-policy"), contains("default-src 'none'"));
    CHECK_THAT(page.body, contains("&lt;b&gt;Dunes") && !contains("<b>Dunes"));
    const auto shown = targets_in(page.body);
    CHECK(shown.size() >= 7);
    for (const std::string& target : shown) {
        INFO(target);
        const Response picture = sharing.stack.get(target, {{"Accept", kAcceptsJpeg}});
        CHECK(picture.status == 200);
        CHECK_FALSE(picture.body.contains("Exif"));
    }
    CHECK(sharing.revoke(text_at(link, "id"), &sharing.owner) == 204);
    const Response gone = sharing.stack.get(text_at(link, "page"));
    CHECK(gone.status == 404);
    CHECK(gone.body == sharing.stack.get("/s/" + std::string(26, 'a')).body);
    CHECK(wait_until(1s, [&] {
        for (const std::string& target : shown) {
            if (sharing.stack.get(target).status != 410) return false;
        }
        return true;
    }));
}

TEST_CASE("a link's page without Redis is there, and one for a session alone is not shown to others") {
    Sharing sharing;
    const std::string open = text_at(sharing.share(R"({"expires_in": "1h"})"), "page");
    const std::string bound = text_at(sharing.share(R"({"expires_in": "1h", "bound": true})"), "page");
    CHECK(sharing.stack.get(bound, {}, &sharing.owner).status == 200);
    CHECK(sharing.stack.get(bound, {}, &sharing.stranger).status == 404);
    CHECK(sharing.stack.get(bound).status == 404);
    sharing.stack.edge().expect_log("[error]");
    sharing.stack.redis().settle();
    sharing.stack.redis().kill();
    CHECK(sharing.stack.get(open).status == 200);
    sharing.stack.redis().start();
}

TEST_CASE("reports of a page are limited in rate like everything that writes") {
    Sharing sharing;
    const std::string report = text_at(sharing.share(R"({"expires_in": "1h"})"), "page") + "/report";
    const std::vector<Request> flood(60, {.url = report, .method = "POST", .body = "reason=other&text=x"});
    int refused = 0;
    for (const Response& response : fetch_at_once(flood)) {
        CHECK((response.status == 200 || response.status == 429));
        refused += response.status == 429 ? 1 : 0;
    }
    CHECK(refused > 5);
}
