// Links: made, listed, revoked, and whose they are.
#include "backend/photos/link_api.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/photo_service.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace json = boost::json;

namespace {

std::string text(const json::object& object, const char* name) {
    return json::value_to<std::string>(object.at(name));
}

std::string album_of(const std::vector<std::string>& photos) {
    return json::serialize(json::object{{"expires_in", 60}, {"photos", json::array(photos.begin(), photos.end())}});
}

// Of what was announced, the last.
bool is_announced(const FakeRedis& redis, const std::string& link) {
    const auto& last = redis.commands.back();
    return last.front() == "XADD" && std::ranges::count(last, link) == 1;
}

}  // namespace

TEST_CASE("a link ends when it says, and is listed with its URL") {
    PhotoService f;
    const std::string target = "/api/photos/" + f.upload() + "/links";
    const auto link = f.ask_json("POST", target, R"({"expires_in":"1h","width":200,"name":"Eve"})");
    const auto expires = link.at("expires").to_number<std::uint64_t>();
    CHECK(expires >= unix_seconds() + 3599);
    CHECK_THAT(text(link, "url"), contains("/exp:" + std::to_string(expires) + "/lid:" + text(link, "id") + "/w:200/"));
    CHECK(text(link, "page") == "/s/" + text(link, "id"));
    CHECK(text(link, "name") == "Eve");
    CHECK(link.at("photos") == 1);
    for (const std::string& listing : {target, std::string("/api/links")}) {
        const auto links = f.ask_json("GET", listing).at("links").as_array();
        REQUIRE(links.size() == 1);
        CHECK(links.at(0).as_object() == link);
    }
}

TEST_CASE("a link request that is wrong or too long makes no link") {
    PhotoService f;
    const std::string target = "/api/photos/" + f.upload() + "/links";
    CHECK(f.ask("POST", target, "{}").error().status == 400);
    CHECK(f.ask("POST", target, std::string(40'000, ' ')).error().status == 413);
    CHECK(f.ask("POST", "/api/links", R"({"expires_in":60})").error().status == 400);
    CHECK(f.ask("POST", "/api/links", album_of({new_id()})).error().status == 404);
    CHECK(f.ask_json("GET", "/api/links").at("links").as_array().empty());
}

TEST_CASE("an album is one link to several photos, listed for each of them") {
    PhotoService f;
    const std::string first = f.upload();
    const std::string second = f.upload();
    const std::string third = f.upload();
    const auto album = f.ask_json("POST", "/api/links", album_of({second, first}));
    CHECK(album.at("photos") == 2);
    CHECK_THAT(text(album, "url"), contains(source_segment(second)));
    CHECK(f.ask_json("GET", "/api/photos/" + first + "/links").at("links").as_array().size() == 1);
    CHECK(f.ask_json("GET", "/api/photos/" + third + "/links").at("links").as_array().empty());
    REQUIRE(f.ask("DELETE", "/api/photos/" + second));
    const auto left = f.ask_json("GET", "/api/links").at("links").as_array();
    REQUIRE(left.size() == 1);
    CHECK_THAT(text(left.at(0).as_object(), "url"), contains(source_segment(first)));
    REQUIRE(f.ask("DELETE", "/api/photos/" + first));
    CHECK(f.ask_json("GET", "/api/links").at("links").as_array().empty());
}

TEST_CASE("a bound link is for the session that made it") {
    PhotoService f;
    const std::string target = "/api/photos/" + f.upload() + "/links";
    const auto link = f.ask_json("POST", target, R"({"expires_in":60,"bound":true})");
    CHECK(link.at("bound") == true);
    const auto session = find_session_token(f.secret.cookie, f.owner_cookie, kSecureCookieName, unix_seconds());
    CHECK_THAT(text(link, "url"), contains("/sid:" + session->hash() + "/"));
}

TEST_CASE("a revoked link is listed no more, and every edge is told") {
    PhotoService f;
    const std::string photo = f.upload();
    const auto link = f.ask_json("POST", "/api/photos/" + photo + "/links", R"({"expires_in":60})");
    CHECK(f.ask("DELETE", "/api/links/" + text(link, "id"))->status == 204);
    CHECK(is_announced(f.redis, text(link, "id")));
    CHECK(f.ask_json("GET", "/api/links").at("links").as_array().empty());
    CHECK(f.ask("DELETE", "/api/links/" + text(link, "id")).error().status == 404);
    CHECK(f.ask("DELETE", "/api/links/nonsense").error().status == 404);
}

TEST_CASE("another owner's link is answered as one that is not there, and nothing is shared of their photos") {
    PhotoService f;
    const std::string photo = f.upload();
    const auto link = f.ask_json("POST", "/api/photos/" + photo + "/links", R"({"expires_in":60})");
    std::string stranger;
    REQUIRE(f.ask("POST", "/api/photos", kJpeg, stranger));
    const auto refused = f.ask("DELETE", "/api/links/" + text(link, "id"), "", stranger);
    CHECK(refused.error().status == 404);
    CHECK(refused.error().message == f.ask("DELETE", "/api/links/" + new_id(), "", stranger).error().message);
    CHECK(f.ask("POST", "/api/links", album_of({photo}), stranger).error().status == 404);
    CHECK(f.ask("GET", "/api/links", "", stranger)->body == "{\"links\":[]}\n");
    std::string nobody;
    CHECK(f.ask("DELETE", "/api/links/" + text(link, "id"), "", nobody).error().status == 401);
    CHECK(f.ask("POST", "/api/links", album_of({photo}), nobody).error().status == 401);
    CHECK(f.ask("GET", "/api/links", "", nobody).error().status == 401);
    CHECK(f.ask_json("GET", "/api/links").at("links").as_array().size() == 1);
}

TEST_CASE("a revocation that Redis does not take, or loses, is announced when it answers again") {
    PhotoService f;
    const std::string photo = f.upload();
    const auto link = f.ask_json("POST", "/api/photos/" + photo + "/links", R"({"expires_in":60})");
    const std::string id = text(link, "id");
    REQUIRE(f.links.revoke(**f.links.find(id)));
    f.redis.up = false;
    run_coroutine(f.io, f.revocations.announce({id, unix_seconds() + 60}));
    CHECK(f.revocations.waiting() == 1);
    f.redis.up = true;
    run_coroutine(f.io, f.revocations.catch_up());
    CHECK(f.revocations.waiting() == 0);
    CHECK(is_announced(f.redis, id));
    f.redis.sets.clear();
    f.redis.commands.clear();
    run_coroutine(f.io, f.revocations.catch_up());
    CHECK(is_announced(f.redis, id));
    const std::size_t commands = f.redis.commands.size();
    run_coroutine(f.io, f.revocations.catch_up());
    CHECK(f.redis.commands.size() == commands + 1);  // it is still known
}
