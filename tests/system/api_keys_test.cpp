// API keys through the edge: what a server may do with one and what not, where none is ever found, and who invents
// them.
#include <algorithm>
#include <future>
#include <map>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

struct Person {
    const Stack& stack;
    CookieJar jar;

    Response get(const std::string& target) { return stack.get(target, {}, &jar); }
    Response send(const std::string& method, const std::string& target, const std::string& body = "") {
        return stack.send({.url = target, .method = method, .body = body, .jar = &jar});
    }
    json::value make_key(const std::string& name = "backup") {
        const Response made = send("POST", "/api/keys", R"({"name": ")" + name + "\"}");
        INFO(made);
        REQUIRE(made.status == 201);
        return parse_json(made.body);
    }
    json::array keys() { return parse_json(get("/api/keys").body).at("keys").as_array(); }
};

// A server: it has a key, and no cookie.
struct Server {
    const Stack& stack;
    std::string key;
    Headers headers = {};

    Response send(const std::string& method, const std::string& target, const std::string& body = "") const {
        Headers all{{"Authorization", "Bearer " + key}};
        for (const auto& [name, value] : headers) all.add(name, value);
        return stack.send({.url = target, .method = method, .headers = all, .body = body});
    }
    Response get(const std::string& target) const { return send("GET", target); }
    std::string upload() const {
        const Response answer = send("POST", "/api/photos", read_file(photos::meadow().path));
        INFO(answer);
        REQUIRE(answer.status == 201);
        return photo_in(parse_json(answer.body)).id;
    }
};

std::string wrong_key(int number) {
    std::string key = "tg_" + std::string(43, 'A');
    const std::string digits = std::to_string(number);
    return key.replace(10, digits.size(), digits);
}

ConfEdit clients_by_header(const std::string& more = "") {
    return {"nginx.conf",
            "listen 127.0.0.1:", "set_real_ip_from 127.0.0.1; real_ip_header X-Client; " + more + " listen 127.0.0.1:"};
}

bool is_key_problem(const Response& response) {
    return response.status == 401 && response.header("WWW-Authenticate") == "Bearer error=\"invalid_token\"" &&
           text_at(parse_json(response.body), "type") == "urn:thumbgate:problem:bad_key";
}

// How often Redis was asked for something that a request may need.
std::string redis_lookups(Stack& stack) {
    std::istringstream stats(stack.redis().command({"INFO", "commandstats"}));
    std::string counts;
    for (std::string line; std::getline(stats, line);) {
        for (const char* command :
             {"get", "mget", "set", "del", "expire", "hmget", "hincrby", "zadd", "zrangebyscore"}) {
            if (line.starts_with("cmdstat_" + std::string(command) + ":"))
                counts += line.substr(0, line.find(',')) + "\n";
        }
    }
    return counts;
}

// Statuses of `count` requests with as many wrong keys, over one connection.
std::map<int, int> guess(const Stack& stack, int count) {
    constexpr int kBatch = 20;  // both sides' socket buffers hold so many
    std::map<int, int> statuses;
    RawConnection connection({.port = stack.port()});
    for (int sent = 0; sent < count; sent += kBatch) {
        std::string batch;
        for (int i = 0; i < kBatch; ++i) {
            batch += "GET /api/photos HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + wrong_key(sent + i) + "\r\n\r\n";
        }
        REQUIRE(connection.send(batch));
        for (int i = 0; i < kBatch; ++i) {
            const Response response = parse_response(connection.read_until("\r\n\r\n", 60s));
            REQUIRE(response.status != 0);
            connection.read_bytes(std::stoul(response.header("content-length")), 60s);
            ++statuses[response.status];
        }
    }
    return statuses;
}

}  // namespace

TEST_CASE("a server adds, lists, shares and deletes its owner's photos by a key, and no cookie comes of it") {
    Stack stack;
    Person person{stack, {}};
    const Uploaded first = stack.upload(photos::flower(), &person.jar);
    const json::value made = person.make_key("the shop");
    const Server server{stack, text_at(made, "key")};
    const std::string photo = server.upload();
    const Response listed = server.get("/api/photos");
    CHECK(parse_json(listed.body).at("photos").as_array().size() == 2);
    CHECK_FALSE(listed.headers.has("Set-Cookie"));
    CHECK(person.get("/api/photos/" + photo).status == 200);
    const Response link = server.send("POST", "/api/photos/" + first.id + "/links", R"({"expires_in": "1h"})");
    REQUIRE(link.status == 201);
    CHECK(stack.get(text_at(parse_json(link.body), "url")).status == 200);
    CHECK(server.send("DELETE", "/api/links/" + text_at(parse_json(link.body), "id")).status == 204);
    CHECK(server.send("DELETE", "/api/photos/" + photo).status == 204);
    CHECK(server.send("POST", "/api/photos/" + photo + "/restore").status == 200);
    const Server from_a_page{stack, server.key, {{"Origin", "https://shop.example"}, {"Sec-Fetch-Site", "cross-site"}}};
    CHECK(from_a_page.send("DELETE", "/api/photos/" + photo).status == 204);
    const json::array keys = person.keys();
    REQUIRE(keys.size() == 1);
    CHECK(text_at(keys[0], "name") == "the shop");
    CHECK(keys[0].at("last_used").to_number<int64_t>() >= keys[0].at("created").to_number<int64_t>());
}

TEST_CASE("a key manages neither keys nor sessions, and makes no recovery link and no link for a session") {
    Stack stack;
    Person person{stack, {}};
    const Uploaded photo = stack.upload(photos::flower(), &person.jar);
    const json::value made = person.make_key();
    const Server server{stack, text_at(made, "key")};
    for (const auto& [method, target] :
         std::vector<std::pair<std::string, std::string>>{{"POST", "/api/keys"},
                                                          {"GET", "/api/keys"},
                                                          {"DELETE", "/api/keys/" + text_at(made, "id")},
                                                          {"POST", "/api/sessions"},
                                                          {"GET", "/api/sessions"},
                                                          {"GET", "/api/sessions/current"},
                                                          {"DELETE", "/api/sessions/current"},
                                                          {"POST", "/api/sessions/recovery"},
                                                          {"POST", "/api/photos/" + photo.id + "/links"}}) {
        const Response refused = server.send(method, target, R"({"name": "x", "expires_in": 60, "bound": true})");
        INFO(method << " " << target << "\n" << refused);
        CHECK(refused.status == 403);
        CHECK_THAT(refused.body, contains("urn:thumbgate:problem:session_needed"));
        CHECK_FALSE(refused.headers.has("Set-Cookie"));
    }
    CHECK(person.keys().size() == 1);
}

TEST_CASE("a revoked key is refused at once, and one owner's keys are nothing to another") {
    Stack stack;
    Person person{stack, {}};
    Person stranger{stack, {}};
    const Uploaded photo = stack.upload(photos::flower(), &person.jar);
    stack.upload(photos::meadow(), &stranger.jar);
    const json::value mine = person.make_key("mine");
    const Server theirs{stack, text_at(stranger.make_key("theirs"), "key")};
    CHECK(theirs.get("/api/photos/" + photo.id).status == 404);
    CHECK(theirs.send("DELETE", "/api/photos/" + photo.id).status == 404);
    CHECK(stranger.send("DELETE", "/api/keys/" + text_at(mine, "id")).status == 404);
    CHECK_THAT(stranger.get("/api/keys").body, !contains("mine"));
    const Server server{stack, text_at(mine, "key")};
    REQUIRE(server.get("/api/photos/" + photo.id).status == 200);
    CHECK(person.send("DELETE", "/api/keys/" + text_at(mine, "id")).status == 204);
    CHECK(is_key_problem(server.get("/api/photos/" + photo.id)));
    CHECK(is_key_problem(server.send("POST", "/api/photos", "text")));
    CHECK(person.send("DELETE", "/api/keys/" + text_at(mine, "id")).status == 404);
    CHECK(person.keys().empty());
    CHECK(theirs.get("/api/photos").status == 200);
}

TEST_CASE("a key is in no log, nothing that Redis is told, and no file; the log names it by its id") {
    Stack stack;
    stack.redis().command({"CONFIG", "SET", "slowlog-max-len", "100000"});
    stack.redis().command({"CONFIG", "SET", "slowlog-log-slower-than", "0"});
    Person person{stack, {}};
    stack.upload(photos::flower(), &person.jar);
    const json::value made = person.make_key();
    const Server server{stack, text_at(made, "key")};
    const std::string photo = server.upload();
    REQUIRE(server.get("/api/photos/" + photo).status == 200);
    const Server revoked{stack, wrong_key(1)};
    REQUIRE(is_key_problem(revoked.get("/api/photos")));
    REQUIRE(person.send("DELETE", "/api/keys/" + text_at(made, "id")).status == 204);
    REQUIRE(is_key_problem(server.get("/api/photos")));
    CHECK(stack.access_log(6).size() >= 6);
    int named = 0;
    for (const auto& line : stack.backend_log(6)) {
        if (line.as_object().contains("key") && line.at("key") == made.at("id")) ++named;
    }
    CHECK(named == 2);
    const RunResult logs =
        run({built("thumbgate").string(), "logs", "--key", text_at(made, "id"), "--edge",
             (stack.dir() / "log/access.log").string(), "--backend", (stack.dir() / "log/thumbgated.log").string()});
    INFO(logs.out << logs.err);
    CHECK(std::ranges::count(logs.out, '\n') == 4);
    const std::string told = stack.redis().command({"SLOWLOG", "GET", "-1"});
    CHECK_THAT(told, contains("api_key_used:" + text_at(made, "id")));
    int files = 0;
    for (const std::string& key : {server.key, revoked.key}) {
        CHECK_THAT(told, !contains(key));
        for (const std::string& file : files_below(stack.dir())) {
            if (!std::filesystem::is_regular_file(stack.dir() / file)) continue;
            INFO(file);
            CHECK_THAT(file, !contains(key));
            CHECK(read_file(stack.dir() / file).find(key) == std::string::npos);
            ++files;
        }
    }
    CHECK(files > 20);
}

TEST_CASE("a key outlives its owner's sessions, and Redis") {
    Stack stack;
    stack.edge().expect_log("[error]");
    Person person{stack, {}};
    stack.upload(photos::flower(), &person.jar);
    const Server server{stack, text_at(person.make_key(), "key")};
    REQUIRE(person.send("DELETE", "/api/sessions/current").status == 204);
    CHECK(server.get("/api/photos").status == 200);
    stack.redis().command({"FLUSHALL"});
    const std::string photo = server.upload();
    stack.redis().kill();
    CHECK(wait_until(20s, [&] { return stack.backend_metric("thumbgate_backend_redis_up") == 0; }));
    CHECK(person.get("/api/photos").status != 200);
    const std::string second = server.upload();
    CHECK(parse_json(server.get("/api/photos").body).at("photos").as_array().size() == 3);
    const Response link = server.send("POST", "/api/photos/" + photo + "/links", R"({"expires_in": "1h"})");
    CHECK(link.status == 201);
    CHECK(server.get("/api/links").status == 200);
    CHECK(server.send("DELETE", "/api/photos/" + second).status == 204);
    CHECK(is_key_problem(Server{stack, wrong_key(1)}.get("/api/photos")));
    stack.redis().start();
}

TEST_CASE("ten thousand wrong keys are refused without asking Redis") {
    Stack stack({.edits = {clients_by_header("keepalive_requests 100000;"),
                           {"api-keys.conf", "rate=40r/s", "rate=1000000r/s"}}});
    Person person{stack, {}};
    stack.upload(photos::flower(), &person.jar);
    const Server server{stack, text_at(person.make_key(), "key")};
    REQUIRE(server.get("/api/photos").status == 200);
    const std::string before = redis_lookups(stack);
    REQUIRE_FALSE(before.empty());
    CHECK(guess(stack, 10'000) == std::map<int, int>{{401, 10'000}});
    CHECK(redis_lookups(stack) == before);
    CHECK(server.get("/api/photos").status == 200);
    CHECK(person.get("/api/photos").status == 200);
    CHECK(redis_lookups(stack) != before);
}

TEST_CASE("who invents keys is held back by their address, and a key by its own limit wherever it comes from") {
    Stack stack({.edits = {clients_by_header(),
                           {"api-keys.conf", "rate=40r/s", "rate=1r/m"},
                           {"api-keys.conf", "rate=20r/s", "rate=1r/m"}}});
    const auto statuses = guess(stack, 300);
    CHECK(statuses.at(401) >= 201);
    CHECK(statuses.at(429) >= 90);
    Person person{stack, {}};
    stack.upload(photos::flower(), &person.jar);
    const std::string key = text_at(person.make_key(), "key");
    Response limited;
    for (int i = 0; i < 110; ++i) {
        const Server server{stack, key, {{"X-Client", "192.0.2." + std::to_string(i)}}};
        const Response answer = server.get("/api/photos");
        CHECK(answer.status == (i <= 100 ? 200 : 429));
        if (answer.status == 429) limited = answer;
    }
    CHECK_THAT(limited.header("RateLimit-Policy"), contains("requests_per_key"));
    CHECK_THAT(limited.body, !contains(key));
    // Others are not concerned: neither another key, nor who has a session.
    const Server other{stack, text_at(person.make_key("other"), "key"), {{"X-Client", "192.0.2.1"}}};
    CHECK(other.get("/api/photos").status == 200);
    CHECK(person.get("/api/photos").status == 200);
}

TEST_CASE("what is spelt like no key does not escape the limit on who writes") {
    Stack stack({.edits = {{"nginx.conf", "rate=5r/s", "rate=1r/m"}}});
    int limited = 0;
    for (int i = 0; i < 30; ++i) {
        const Server none{stack, "nonsense" + std::to_string(i)};
        if (none.send("POST", "/api/photos", "text").status == 429) ++limited;
    }
    CHECK(limited >= 8);
}

TEST_CASE("a key whose making or revocation a kill cuts off is none") {
    const std::string point = GENERATE(as<std::string>{}, "api-key-unrecorded", "api-key-revoked");
    INFO(point);
    Stack stack({.has_fault_points = true});
    stack.edge().expect_log("[error]");
    Person person{stack, {}};
    stack.upload(photos::flower(), &person.jar);
    const json::value made = person.make_key();
    const bool is_made = point == "api-key-unrecorded";
    write_file(stack.dir() / "fault" / (point + ".kill"), "");
    auto cut_off = std::async(std::launch::async, [&] {
        Person same{stack, person.jar};
        if (is_made) return same.send("POST", "/api/keys", R"({"name": "cut off"})").status;
        return same.send("DELETE", "/api/keys/" + text_at(made, "id")).status;
    });
    REQUIRE(stack.backend().wait(20s));
    CHECK(cut_off.get() >= 500);
    stack.backend().start();
    REQUIRE(wait_until(20s, [&] { return person.get("/api/keys").status == 200; }));
    CHECK(person.keys().size() == (is_made ? 1 : 0));
    const Server server{stack, text_at(made, "key")};
    CHECK(server.get("/api/photos").status == (is_made ? 200 : 401));
    person.make_key("again");
    CHECK(person.keys().size() == (is_made ? 2 : 1));
}

TEST_CASE("an owner has twenty keys at most") {
    Stack stack({.edits = {{"nginx.conf", "zone=writes_per_client burst=20", "zone=writes_per_client burst=1000"}}});
    Person person{stack, {}};
    stack.upload(photos::flower(), &person.jar);
    std::vector<std::future<int>> made;
    for (int i = 0; i < 30; ++i) {
        made.push_back(std::async(std::launch::async, [&, i] {
            Person same{stack, person.jar};
            return same.send("POST", "/api/keys", R"({"name": "key )" + std::to_string(i) + "\"}").status;
        }));
    }
    int accepted = 0;
    for (auto& status : made) {
        const int was = status.get();
        CHECK((was == 201 || was == 409));
        if (was == 201) ++accepted;
    }
    CHECK(accepted <= 20);
    while (person.keys().size() < 20) person.make_key();
    const Response refused = person.send("POST", "/api/keys", R"({"name": "one more"})");
    CHECK(refused.status == 409);
    CHECK_THAT(refused.body, contains("urn:thumbgate:problem:too_many_keys"));
}
