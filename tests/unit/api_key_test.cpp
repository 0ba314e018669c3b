// API keys: how they are spelt and stored, what a server may do with one, and who manages them.
#include "backend/sessions/api_keys.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "backend/http/bearer.hpp"
#include "backend/http/problem.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/photo_service.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace json = boost::json;
using Answer = thumbgate::Response;

namespace {

std::string text(const json::object& object, const char* name) {
    return json::value_to<std::string>(object.at(name));
}

struct Service : PhotoService {
    Service() { photo = upload(); }

    json::object make(const std::string& name = "backup") {
        return ask_json("POST", "/api/keys", json::serialize(json::object{{"name", name}}));
    }
    json::array list() { return ask_json("GET", "/api/keys").at("keys").as_array(); }

    // As a server, that has no cookie.
    Result<Answer> as_server(const std::string& key, const std::string& method, const std::string& target,
                             const std::string& bytes = "") {
        headers = {{"Authorization", "Bearer " + key}};
        std::string none;
        auto answer = ask(method, target, bytes, none);
        headers.clear();
        CHECK(none.empty());
        return answer;
    }

    std::string photo;
};

struct Store {
    TempDir dir;
    std::unique_ptr<FileStore> storage = std::move(*FileStore::make(dir / "photos"));
    ApiKeys keys{*storage, 2};
    std::string owner = new_id();

    std::string add(const std::string& name, std::uint64_t created) {
        const std::string hash = *api_key_hash(new_api_key());
        REQUIRE(keys.add(hash, {new_id(), owner, name, created}));
        return hash;
    }
    std::ptrdiff_t files() const {
        const auto all = files_below(dir / "photos");
        return std::ranges::count_if(all, [](const std::string& file) { return file.contains("api_keys/"); });
    }
};

}  // namespace

TEST_CASE("a key is tg_ and 256 random bits, and nothing else is spelt as one") {
    std::set<std::string> made;
    for (int i = 0; i < 100; ++i) {
        const std::string key = new_api_key();
        CHECK_THAT(key, Catch::Matchers::Matches("tg_[A-Za-z0-9_-]{43}"));
        CHECK(made.insert(key).second);
    }
    const std::string key = new_api_key();
    CHECK(api_key_hash(key)->size() == 64);
    CHECK(api_key_hash(key) == api_key_hash(key));
    CHECK(api_key_hash(key) != api_key_hash(new_api_key()));
    std::string other_bits = "tg_" + std::string(42, 'A') + "B";  // the last character holds four bits
    for (const std::string& wrong :
         {std::string(), std::string("tg_"), key + "A", key.substr(0, 45), "TG" + key.substr(2),
          key.substr(0, 44) + "=A", key.substr(0, 40) + "../../", other_bits}) {
        INFO(wrong);
        CHECK_FALSE(api_key_hash(wrong));
    }
}

TEST_CASE("a bearer token is told from other credentials, and two of them are none") {
    const auto token_of = [](std::vector<Header> fields) {
        thumbgate::Request request;
        request.headers = std::move(fields);
        const auto token = bearer_token(request);
        return token ? std::optional<std::string>(*token) : std::nullopt;
    };
    CHECK(token_of({{"authorization", "Bearer tg_x"}}) == "tg_x");
    CHECK(token_of({{"Authorization", "bEARER   tg_x y"}}) == "tg_x y");
    CHECK(token_of({{"Authorization", "Bearer"}}) == "");
    CHECK(token_of({{"Authorization", "Bearer tg_x"}, {"Authorization", "Bearer tg_y"}}) == "");
    CHECK_FALSE(token_of({{"Authorization", "Basic dGc6eA=="}}));
    CHECK_FALSE(token_of({{"Authorization", "Bearertg_x"}}));
    CHECK_FALSE(token_of({{"Authorization", "tg_x"}}));
    CHECK_FALSE(token_of({}));
}

TEST_CASE("a key that is stored is found by its hash, listed oldest first, and gone when it is revoked") {
    Store s;
    const std::string second = s.add("second", 2000);
    const std::string first = s.add("first", 1000);
    CHECK((*s.keys.find(first))->name == "first");
    CHECK_FALSE(*s.keys.find(std::string(64, 'a')));
    CHECK_FALSE(*s.keys.find("../secret"));
    const auto listed = s.keys.list(s.owner, 3000);
    REQUIRE(listed->size() == 2);
    CHECK(listed->at(0).name == "first");
    CHECK(listed->at(1).owner == s.owner);
    CHECK(s.keys.list(new_id(), 3000)->empty());
    CHECK_FALSE(*s.keys.revoke(new_id(), listed->at(0).id, 3000));
    CHECK_FALSE(*s.keys.revoke(s.owner, new_id(), 3000));
    CHECK(*s.keys.revoke(s.owner, listed->at(0).id, 3000));
    CHECK_FALSE(*s.keys.find(first));
    CHECK(*s.keys.find(second));
    CHECK(s.keys.list(s.owner, 3000)->size() == 1);
    CHECK_FALSE(*s.keys.revoke(s.owner, listed->at(0).id, 3000));
    CHECK(s.files() == 2);
}

TEST_CASE(
    "an owner's key above the limit is refused and leaves nothing, and what a crash left does not count for long") {
    Store s;
    const std::string first = s.add("first", 1000);
    s.add("second", 1000);
    const std::string third = *api_key_hash(new_api_key());
    const ApiKeyRecord record{new_id(), s.owner, "third", 1000};
    CHECK(s.keys.add(third, record).error().code == "too_many_keys");
    CHECK_FALSE(*s.keys.find(third));
    CHECK(s.files() == 4);
    // A crash between a key's two files, at either end of its life.
    REQUIRE(s.storage->remove("api_keys/" + first));
    CHECK(s.keys.add(third, record).error().code == "too_many_keys");
    CHECK(s.keys.list(s.owner, 1000)->size() == 1);
    ApiKeyRecord later = record;
    later.created = 5000;
    CHECK(s.keys.add(third, later));
    CHECK(s.keys.list(s.owner, 5000)->size() == 2);
    CHECK(s.files() == 4);
}

TEST_CASE("of keys that are added at once none is above the limit") {
    Store s;
    std::vector<std::jthread> adding;
    for (int i = 0; i < 8; ++i) {
        adding.emplace_back([&] { (void)s.keys.add(*api_key_hash(new_api_key()), {new_id(), s.owner, "x", 1000}); });
    }
    adding.clear();
    const std::size_t added = s.keys.list(s.owner, 1000)->size();
    CHECK(added <= 2);
    CHECK(s.files() == 2 * static_cast<std::ptrdiff_t>(added));
}

TEST_CASE("a key whose making was given up is none, and a damaged record hides no other key") {
    Store s;
    std::stop_source source;
    source.request_stop();
    const std::string hash = *api_key_hash(new_api_key());
    CHECK(s.keys.add(hash, {new_id(), s.owner, "late", 1000}, source.get_token()).error().status == 503);
    CHECK_FALSE(*s.keys.find(hash));
    CHECK(s.files() == 0);
    const std::string damaged = s.add("damaged", 1000);
    s.add("whole", 1000);
    for (const char* damage : {"", "[]", "{}", R"({"id":"../x","owner":"y","name":"","created":1})"}) {
        REQUIRE(s.storage->put("api_keys/" + damaged, std::string_view(damage)));
        CHECK(s.keys.find(damaged).error().code == "damaged_record");
        CHECK(s.keys.list(s.owner, 1000)->size() == 1);
    }
}

TEST_CASE("a key is made once, told once, and listed without itself") {
    Service f;
    const auto made = f.make("the backup");
    CHECK_THAT(text(made, "key"), Catch::Matchers::Matches("tg_[A-Za-z0-9_-]{43}"));
    const auto keys = f.list();
    REQUIRE(keys.size() == 1);
    const json::object item = keys.at(0).as_object();
    CHECK(item.size() == 4);
    CHECK(item.at("id") == made.at("id"));
    CHECK(item.at("name") == "the backup");
    CHECK(item.at("created").to_number<std::uint64_t>() >= unix_seconds() - 30);
    CHECK(item.at("last_used").is_null());
    for (const std::string& file : files_below(f.dir / "photos")) {
        CHECK_THAT(file, !contains(text(made, "key")));
        CHECK_THAT(read_file(f.dir / "photos" / file), !contains(text(made, "key")));
    }
    REQUIRE(f.as_server(text(made, "key"), "GET", "/api/photos"));
    CHECK(f.list().at(0).at("last_used").to_number<std::uint64_t>() >= unix_seconds() - 30);
}

TEST_CASE("what a key's name may be is said, and who has kept nothing has no key") {
    Service f;
    const auto refused = [&](const std::string& body) { return f.ask("POST", "/api/keys", body).error(); };
    for (const std::string& body :
         {std::string("{}"), std::string(R"({"name":""})"), std::string(R"({"name":1})"),
          std::string(R"({"name":"a\nb"})"), "{\"name\":\"" + std::string(101, 'a') + "\"}"}) {
        INFO(body);
        CHECK(refused(body).status == 400);
        CHECK(refused(body).message.find("100 bytes") != std::string::npos);
    }
    CHECK(refused("").code == "malformed_json");
    CHECK(refused("[]").code == "malformed_json");
    CHECK(refused("{\"name\":\"\xFF\"}").code == "malformed_json");
    CHECK(refused(std::string(5000, ' ')).status == 413);
    f.make(std::string(100, 'a'));
    std::string stranger;
    REQUIRE(f.ask("POST", "/api/sessions", "", stranger));
    const auto nothing = f.ask("POST", "/api/keys", R"({"name":"x"})", stranger);
    CHECK(nothing.error().status == 409);
    CHECK(nothing.error().code == "nothing_kept");
    std::string nobody;
    CHECK(f.ask("POST", "/api/keys", R"({"name":"x"})", nobody).error().status == 401);
    CHECK(f.ask("GET", "/api/keys", "", nobody).error().status == 401);
}

TEST_CASE("a server uploads, lists, shows, shares, deletes and restores with its owner's key, without a cookie") {
    Service f;
    const std::string key = text(f.make(), "key");
    const auto uploaded = f.as_server(key, "POST", "/api/photos", kJpeg);
    REQUIRE(uploaded);
    CHECK(uploaded->status == 201);
    const std::string photo = text(json::parse(uploaded->body).as_object(), "id");
    CHECK(f.ask("GET", "/api/photos/" + photo)->status == 200);
    CHECK(f.as_server(key, "GET", "/api/photos/" + f.photo)->status == 200);
    CHECK(json::parse(f.as_server(key, "GET", "/api/photos")->body).at("photos").as_array().size() == 2);
    const auto link = f.as_server(key, "POST", "/api/photos/" + photo + "/links", R"({"expires_in":60})");
    REQUIRE(link);
    const std::string id = text(json::parse(link->body).as_object(), "id");
    CHECK(json::parse(f.as_server(key, "GET", "/api/links")->body).at("links").as_array().size() == 1);
    CHECK(f.as_server(key, "DELETE", "/api/links/" + id)->status == 204);
    CHECK(f.as_server(key, "DELETE", "/api/photos/" + photo)->status == 204);
    CHECK(f.ask("GET", "/api/photos/" + photo).error().status == 404);
}

TEST_CASE("a key counts before a cookie, and no cookie or session comes of it") {
    Service f;
    const std::string key = text(f.make(), "key");
    std::string stranger;
    REQUIRE(f.ask("POST", "/api/photos", kJpeg, stranger));
    const std::string cookie = stranger;
    f.headers = {{"Authorization", "Bearer " + key}};
    CHECK(f.ask("GET", "/api/photos/" + f.photo, "", stranger)->status == 200);
    f.headers = {{"Authorization", "Bearer " + new_api_key()}};
    CHECK(f.ask("GET", "/api/photos", "", stranger).error().code == "bad_key");
    CHECK(stranger == cookie);
    f.headers.clear();
    CHECK(f.ask("GET", "/api/photos/" + f.photo, "", stranger).error().status == 404);
}

TEST_CASE("a wrong, malformed or revoked key is 401 for every path, and Redis is never asked") {
    Service f;
    const auto made = f.make();
    REQUIRE(f.as_server(text(made, "key"), "GET", "/api/photos"));
    REQUIRE(f.ask("DELETE", "/api/keys/" + text(made, "id"))->status == 204);
    const std::size_t asked = f.redis.commands.size();
    for (const std::string& key : {text(made, "key"), new_api_key(), std::string("tg_"), std::string("x"),
                                   "tg_" + std::string(43, '/'), std::string(4000, 'A')}) {
        for (const auto& [method, target] :
             std::vector<std::pair<std::string, std::string>>{{"GET", "/api/photos"},
                                                              {"POST", "/api/photos"},
                                                              {"GET", "/api/photos?deleted=1"},
                                                              {"GET", "/api/photos/" + f.photo},
                                                              {"DELETE", "/api/photos/" + f.photo},
                                                              {"POST", "/api/photos/" + f.photo + "/restore"},
                                                              {"POST", "/api/photos/" + f.photo + "/links"},
                                                              {"GET", "/api/photos/" + f.photo + "/links"},
                                                              {"POST", "/api/links"},
                                                              {"GET", "/api/links"},
                                                              {"DELETE", "/api/links/" + new_id()}}) {
            const auto refused = f.as_server(key, method, target, kJpeg);
            INFO(method << " " << target);
            CHECK(refused.error().status == 401);
            CHECK(refused.error().code == "bad_key");
            CHECK(f.bytes_read == 0);
            const Answer answer = problem(refused.error(), "");
            CHECK(find_header(answer.headers, "WWW-Authenticate") == "Bearer error=\"invalid_token\"");
        }
    }
    CHECK(f.redis.commands.size() == asked);
    CHECK(f.ask("GET", "/api/photos/" + f.photo)->status == 200);
}

TEST_CASE("sessions, recovery, keys and links for a session are not for a key, valid or not") {
    Service f;
    const auto made = f.make();
    for (const std::string& key : {text(made, "key"), new_api_key()}) {
        for (const auto& [method, target] :
             std::vector<std::pair<std::string, std::string>>{{"POST", "/api/sessions"},
                                                              {"GET", "/api/sessions"},
                                                              {"GET", "/api/sessions/current"},
                                                              {"DELETE", "/api/sessions/current"},
                                                              {"DELETE", "/api/sessions/" + std::string(32, 'a')},
                                                              {"POST", "/api/sessions/recovery"},
                                                              {"POST", "/api/keys"},
                                                              {"GET", "/api/keys"},
                                                              {"DELETE", "/api/keys/" + text(made, "id")}}) {
            INFO(method << " " << target);
            f.headers = {{"Authorization", "Bearer " + key}};
            CHECK(f.ask(method, target, R"({"name":"x"})").error().code == "session_needed");
            CHECK(f.as_server(key, method, target).error().status == 403);
        }
    }
    const auto bound = f.as_server(text(made, "key"), "POST", "/api/photos/" + f.photo + "/links",
                                   R"({"expires_in":60,"bound":true})");
    CHECK(bound.error().code == "session_needed");
    CHECK(f.list().size() == 1);
    CHECK(f.ask_json("GET", "/api/links").at("links").as_array().empty());
}

TEST_CASE("another owner's key is answered as one that is not there, and opens none of one's photos") {
    Service f;
    const auto mine = f.make("mine");
    std::string stranger;
    REQUIRE(f.ask("POST", "/api/photos", kJpeg, stranger));
    const auto theirs = json::parse(f.ask("POST", "/api/keys", R"({"name":"theirs"})", stranger)->body).as_object();
    const auto refused = f.ask("DELETE", "/api/keys/" + text(mine, "id"), "", stranger);
    CHECK(refused.error().status == 404);
    CHECK(refused.error().message == f.ask("DELETE", "/api/keys/" + new_id(), "", stranger).error().message);
    CHECK(f.ask("DELETE", "/api/keys/nonsense", "", stranger).error().status == 404);
    CHECK(f.list().size() == 1);
    CHECK_THAT(f.ask("GET", "/api/keys", "", stranger)->body, !contains("mine"));
    CHECK(f.as_server(text(theirs, "key"), "GET", "/api/photos/" + f.photo).error().status == 404);
    CHECK(f.as_server(text(mine, "key"), "GET", "/api/photos/" + f.photo)->status == 200);
}

TEST_CASE("without Redis a key goes on working, for uploads as well, within what its owner may keep") {
    Service f;
    const std::string key = text(f.make(), "key");
    REQUIRE(f.as_server(key, "POST", "/api/photos/" + f.photo + "/links", R"({"expires_in":60})"));
    f.redis.up = false;
    const std::size_t asked = f.redis.commands.size();
    CHECK(f.as_server(key, "POST", "/api/photos", kJpeg)->status == 201);
    CHECK(f.as_server(key, "GET", "/api/photos")->status == 200);
    CHECK(f.redis.commands.size() == asked);
    CHECK(f.as_server(key, "GET", "/api/links")->status == 200);
    CHECK(f.ask("GET", "/api/photos").error().status == 503);
    f.redis.up = true;
    f.redis.wipe();
    CHECK(f.as_server(key, "GET", "/api/photos/" + f.photo)->status == 200);
}

TEST_CASE("when a key was used is written once a minute, and forgotten with the key") {
    Service f;
    const auto made = f.make();
    const std::string record = "api_key_used:" + text(made, "id");
    const auto writes = [&] {
        return std::ranges::count_if(f.redis.commands, [&](const auto& c) { return c[0] == "SET" && c[1] == record; });
    };
    for (int i = 0; i < 5; ++i) REQUIRE(f.as_server(text(made, "key"), "GET", "/api/photos"));
    CHECK(writes() == 1);
    const std::uint64_t now = unix_seconds();
    CHECK_FALSE(f.key_uses.is_due(text(made, "id"), now));
    CHECK(f.key_uses.is_due(text(made, "id"), now + 61));
    REQUIRE(f.ask("DELETE", "/api/keys/" + text(made, "id")));
    CHECK_FALSE(f.redis.values.contains(record));
}
