// Each kind of link, tried by everybody, in each state of what it shows.
#include <map>

#include "tests/support/catch.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

// What a link's picture and its page are answered by.
struct Verdict {
    int picture;
    int page;
};

// The same for everybody, or as the row says for the session that made the link, another of the same owner, another
// owner, and nobody.
struct Row {
    const char* link;
    Verdict maker;
    Verdict same_owner;
    Verdict other_owner;
    Verdict nobody;
};
constexpr Row all(const char* link, Verdict verdict) {
    return {link, verdict, verdict, verdict, verdict};
}

const std::vector<Row> kWhileShared{
    all("open", {200, 200}),
    all("album", {200, 200}),
    all("expired", {410, 410}),
    all("revoked", {410, 404}),
    {"bound", {200, 200}, {403, 404}, {403, 404}, {403, 404}},
};
// A link's picture is of its first photo. Of an album the others are left.
const std::vector<Row> kWhileDeleted{
    all("open", {404, 404}),
    all("album", {404, 200}),
    all("expired", {410, 410}),
    all("revoked", {410, 404}),
    {"bound", {404, 404}, {403, 404}, {403, 404}, {403, 404}},
};
// There is no session any more. A cookie is the edge's to check, and needs no Redis for it.
const std::vector<Row> kWithoutSessions{
    all("open", {200, 200}),
    all("album", {200, 200}),
    all("expired", {410, 410}),
    all("revoked", {410, 404}),
    {"bound", {200, 404}, {403, 404}, {403, 404}, {403, 404}},
};

struct Sharing {
    Stack stack;
    CookieJar maker;
    CookieJar same_owner;
    CookieJar other_owner;
    Uploaded photo;
    std::map<std::string, json::value> links;

    Sharing() {
        photo = stack.upload(photos::flower(), &maker);
        const Uploaded second = stack.upload(photos::meadow(), &maker);
        stack.upload(photos::meadow(), &other_owner);
        same_owner = maker;
        REQUIRE(stack.send({.url = "/api/sessions", .method = "POST", .jar = &same_owner}).status == 201);
        REQUIRE(same_owner.value("thumbgate") != maker.value("thumbgate"));
        const std::string of_photo = "/api/photos/" + photo.id + "/links";
        share("open", of_photo, R"({"expires_in": "1h"})");
        share("expired", of_photo, R"({"expires_in": 1})");
        share("revoked", of_photo, R"({"expires_in": "1h"})");
        share("bound", of_photo, R"({"expires_in": "1h", "bound": true})");
        share("album", "/api/links",
              R"({"expires_in": "1h", "photos": [")" + photo.id + R"(", ")" + second.id + "\"]}");
        const std::string revoked = text_at(links.at("revoked"), "id");
        REQUIRE(stack.send({.url = "/api/links/" + revoked, .method = "DELETE", .jar = &maker}).status == 204);
    }

    void share(const std::string& name, const std::string& target, const std::string& body) {
        const Response made = stack.send({.url = target, .method = "POST", .body = body, .jar = &maker});
        INFO(made);
        REQUIRE(made.status == 201);
        links[name] = parse_json(made.body);
    }
    void check(const std::string& state, const std::vector<Row>& rows) {
        for (const Row& row : rows) {
            check_one(state, row.link, "who made it", &maker, row.maker);
            check_one(state, row.link, "another session of theirs", &same_owner, row.same_owner);
            check_one(state, row.link, "another owner", &other_owner, row.other_owner);
            check_one(state, row.link, "nobody", nullptr, row.nobody);
        }
    }
    // In force within a second, or a busy machine's second.
    void check_one(const std::string& state, const std::string& name, const std::string& viewer, CookieJar* jar,
                   const Verdict& expected) {
        for (const auto& [part, status] : {std::pair("url", expected.picture), std::pair("page", expected.page)}) {
            const std::string target = text_at(links.at(name), part);
            Response response;
            wait_until(10s, [&] { return (response = stack.get(target, {}, jar)).status == status; });
            INFO(state << ": the " << part << " of the link that is " << name << ", to " << viewer);
            CHECK(response.status == status);
            CHECK((response.status == 200 || !response.body.contains(photo.id)));
        }
    }
};

}  // namespace

TEST_CASE("every kind of link shows to everybody what it should, through deletion, restoration and Redis's loss") {
    Sharing sharing;
    sharing.check("shared", kWhileShared);
    const std::string target = "/api/photos/" + sharing.photo.id;
    REQUIRE(sharing.stack.send({.url = target, .method = "DELETE", .jar = &sharing.maker}).status == 204);
    sharing.check("deleted", kWhileDeleted);
    REQUIRE(sharing.stack.send({.url = target + "/restore", .method = "POST", .jar = &sharing.maker}).status == 200);
    sharing.check("restored", kWhileShared);
    sharing.stack.redis().command({"FLUSHALL"});
    sharing.check("without Redis's data", kWithoutSessions);
}

TEST_CASE("a session that was ended does not open its links again when Redis has lost everything") {
    Sharing sharing;
    CookieJar ended = sharing.maker;
    const std::string url = text_at(sharing.links.at("bound"), "url");
    REQUIRE(wait_until(10s, [&] { return sharing.stack.get(url, {}, &ended).status == 200; }));
    REQUIRE(sharing.stack.send({.url = "/api/sessions/current", .method = "DELETE", .jar = &sharing.maker}).status ==
            204);
    REQUIRE(wait_until(10s, [&] { return sharing.stack.get(url, {}, &ended).status == 403; }));
    sharing.stack.redis().command({"FLUSHALL"});
    const std::string revoked = "lid:" + text_at(sharing.links.at("revoked"), "id");
    // What the storage knows is back: the revocations of links, and no end of a session.
    REQUIRE(wait_until(20s, [&] {
        return sharing.stack.redis().command({"ZSCORE", "thumbgate:revoked", revoked}).find_first_of("0123456789") !=
               std::string::npos;
    }));
    CHECK(sharing.stack.get(url, {}, &ended).status == 403);
    sharing.stack.edge().reload();
    CHECK(sharing.stack.get(url, {}, &ended).status == 403);
}
