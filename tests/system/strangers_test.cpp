// Every path of the API, tried on what belongs to somebody else: the answer is the one for what never was, to the byte.
// The paths are those that docs/http-api.md lists: one more there fails this test until it says whose ids it takes.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/mixed_load.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

const std::vector<std::string> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

// As "/api/photos/{id}", without a query, each once.
std::set<std::string> documented_paths() {
    std::set<std::string> paths;
    for (const std::string& line : lines_of(read_file(repository() / "docs/http-api.md"))) {
        const std::size_t at = line.find(" /api/");
        if (!line.starts_with("| `") || at == std::string::npos) continue;
        paths.insert(line.substr(at + 1, line.find_first_of("`?", at) - at - 1));
    }
    return paths;
}

// Somebody with everything that one can have here.
struct Victim {
    CookieJar jar;
    std::string photo;
    std::string deleted;
    std::string session;
    std::string key;
    std::vector<std::string> links;
    std::string owner;

    explicit Victim(const Stack& stack) {
        photo = stack.upload(photos::flower(), &jar).id;
        deleted = stack.upload(photos::meadow(), &jar).id;
        stack.upload(photos::storm(), &jar);
        REQUIRE(stack.send({.url = "/api/photos/" + deleted, .method = "DELETE", .jar = &jar}).status == 204);
        const std::string of_photo = "/api/photos/" + photo + "/links";
        const std::string album = R"({"expires_in": "1h", "photos": [")" + photo + "\"]}";
        for (const auto& [target, body] : {std::pair(of_photo, std::string(R"({"expires_in": "1h"})")),
                                           std::pair(of_photo, std::string(R"({"expires_in": "1h", "bound": true})")),
                                           std::pair(std::string("/api/links"), album)}) {
            const Response made = stack.send({.url = target, .method = "POST", .body = body, .jar = &jar});
            REQUIRE(made.status == 201);
            links.push_back(text_at(parse_json(made.body), "id"));
        }
        const json::value sessions = parse_json(stack.get("/api/sessions", {}, &jar).body);
        session = text_at(sessions.at("sessions").as_array().at(0), "id");
        const Response made =
            stack.send({.url = "/api/keys", .method = "POST", .body = R"({"name": "a"})", .jar = &jar});
        REQUIRE(made.status == 201);
        key = text_at(parse_json(made.body), "id");
        owner = text_at(parse_json(stack.get("/api/sessions/current", {}, &jar).body), "owner");
    }

    // Whatever a stranger must not read.
    std::vector<std::string> secrets() const {
        std::vector<std::string> all = links;
        all.insert(all.end(), {photo, deleted, session, key, owner});
        return all;
    }
    std::string belongings(const Stack& stack) {
        std::string text;
        for (const char* target : {"/api/photos", "/api/photos?deleted=1", "/api/links", "/api/keys"}) {
            const Response response = stack.get(target, {}, &jar);
            REQUIRE(response.status == 200);
            text += response.body;
        }
        CHECK(stack.get("/api/sessions/current", {}, &jar).status == 200);
        return text;
    }
};

// Ids of one kind: the victim's, and one that nobody has.
struct Ids {
    std::vector<std::string> foreign;
    std::string unknown;
};

Ids ids_for(const std::string& path, const Victim& victim) {
    if (path.starts_with("/api/photos/")) return {{victim.photo, victim.deleted}, std::string(26, 'c')};
    if (path.starts_with("/api/links/")) return {victim.links, std::string(26, 'c')};
    if (path.starts_with("/api/sessions/")) return {{victim.session}, std::string(32, 'c')};
    if (path.starts_with("/api/keys/")) return {{victim.key}, std::string(26, 'c')};
    FAIL("whose ids does this path take? " << path);
    return {};
}

// All of an answer but for what names the request, and `id`.
std::string shape_of(const Response& response, const std::string& id) {
    std::set<std::string> fields;
    const std::string request_id = response.header("x-request-id");
    for (const auto& [name, value] : response.headers) {
        const Headers one{{name, value}};
        // How much the client has left to ask.
        if (!one.has("date") && !one.has("ratelimit")) fields.insert(name + ": " + value);
    }
    std::string text = std::to_string(response.status) + "\n";
    for (const std::string& field : fields) text += field + "\n";
    text += response.body;
    if (!request_id.empty()) text = replace_all(text, request_id, "REQUEST");
    return replace_all(text, id, "ID");
}

struct Town {
    Stack stack{{.edits = MixedLoad::without_rate_limits()}};
    Victim victim{stack};
    CookieJar stranger;

    Town() { stack.upload(photos::dune(), &stranger); }

    Response ask(const std::string& method, const std::string& target, const std::string& body, bool has_session,
                 const Headers& headers = {}) {
        CookieJar jar = stranger;
        return stack.send({.url = target,
                           .method = method,
                           .headers = headers,
                           .body = method == "POST" ? body : "",
                           .jar = has_session ? &jar : nullptr});
    }
    // A request that names the victim's id is answered as one that names none.
    void check_alike(const std::string& method, const std::string& path, const std::string& body, bool has_session,
                     const Ids& ids) {
        const auto answer_to = [&](const std::string& id) {
            const Response response =
                ask(method, replace_all(path, "{id}", id), replace_all(body, "{id}", id), has_session);
            INFO(response);
            CHECK(response.status >= 400);
            return shape_of(response, id);
        };
        const std::string unknown = answer_to(ids.unknown);
        for (const std::string& foreign : ids.foreign) {
            INFO(method << " " << path << (has_session ? ", with a session" : ", without"));
            CHECK(answer_to(foreign) == unknown);
        }
    }
};

}  // namespace

TEST_CASE("what belongs to another owner is answered for, on every path and by every method, as what never was") {
    Town town;
    const std::string before = town.victim.belongings(town.stack);
    const auto paths = documented_paths();
    CHECK(paths.contains("/api/photos/{id}/links"));
    for (const std::string& path : paths) {
        if (!path.contains("{id}")) continue;
        const Ids ids = ids_for(path, town.victim);
        for (const std::string& method : kMethods) {
            town.check_alike(method, path, R"({"expires_in": 60})", true, ids);
            town.check_alike(method, path, R"({"expires_in": 60})", false, ids);
        }
    }
    const Ids photos{{town.victim.photo, town.victim.deleted}, std::string(26, 'c')};
    town.check_alike("POST", "/api/links", R"({"expires_in": 60, "photos": ["{id}"]})", true, photos);
    town.check_alike("POST", "/api/links", R"({"expires_in": 60, "photos": ["{id}"]})", false, photos);
    const Ids owners{{town.victim.owner}, std::string(26, 'c')};
    town.check_alike("POST", "/api/sessions", R"({"recovery": "{id})" + std::string(43, 'A') + "\"}", true, owners);
    CHECK(town.victim.belongings(town.stack) == before);
}

TEST_CASE("no answer to a stranger names anything of another owner, whatever page, cursor or key they ask with") {
    Town town;
    const auto check_nothing_in = [&](const Response& response) {
        std::ostringstream text;
        for (const auto& [name, value] : response.headers) text << name << ": " << value << '\n';
        text << response.body;
        INFO(text.str());
        for (const std::string& secret : town.victim.secrets()) CHECK_FALSE(text.str().contains(secret));
    };
    const std::string before = town.victim.belongings(town.stack);
    for (const std::string& path : documented_paths()) {
        // That one would end the stranger's session, which is theirs to end.
        if (path.contains("{id}")) continue;
        for (const std::string& method : kMethods) {
            if (path == "/api/sessions/current" && method == "DELETE") continue;
            check_nothing_in(town.ask(method, path, "{}", true));
            check_nothing_in(town.ask(method, path, "{}", false));
        }
    }
    const json::value page = parse_json(town.stack.get("/api/photos?limit=1", {}, &town.victim.jar).body);
    const std::string cursor = text_at(page, "next");
    REQUIRE_FALSE(cursor.empty());
    check_nothing_in(town.ask("GET", "/api/photos?cursor=" + cursor, "", true));
    check_nothing_in(town.ask("GET", "/api/photos?deleted=1&cursor=" + cursor, "", true));

    const Headers key{{"Content-Type", "image/jpeg"}, {"Idempotency-Key", "holiday"}};
    const std::string picture = read_file(photos::autumn().path);
    Request upload{.url = "/api/photos", .method = "POST", .headers = key, .body = picture, .jar = &town.victim.jar};
    const std::string id = photo_in(parse_json(town.stack.send(upload).body)).id;
    const Response same_key = town.ask("POST", "/api/photos", picture, true, key);
    CHECK(same_key.status == 201);
    CHECK_FALSE(same_key.body.contains(id));
    CHECK(town.victim.belongings(town.stack) != before);
    CHECK(photo_in(parse_json(town.stack.send(upload).body)).id == id);
}
