// Whose request it is: cookies, sessions, and when they are renewed.
#include "backend/sessions/sessions.hpp"

#include "backend/sessions/session_api.hpp"
#include "backend/units.hpp"
#include "contract/secret.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/backend_fakes.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
using Wanted = thumbgate::Request;

namespace {

constexpr std::chrono::seconds kLifetime(1000);

struct Fixture {
    FakeRedis redis;
    SharedSecret secret{std::string(32, 's')};
    SessionStore store{redis};
    ControlFeed feed{redis};
    Sessions sessions{store, feed, secret.cookie, SessionConfig{kLifetime, true}};
    SessionApi api{sessions};

    // A request with a cookie of a session that ends in `remaining` seconds, seen as such by the edge.
    Wanted with_session(std::uint64_t remaining, bool stored = true) {
        const std::uint64_t now = unix_seconds();
        const SessionToken token = new_session_token(now + remaining);
        Wanted request;
        request.headers = {{"Cookie", "a=b; __Host-thumbgate=" + encode_session_token(secret.cookie, token)}};
        request.identity.session = token.hash();
        if (stored) {
            const SessionRecord record{owner, now - 10, now + remaining};
            REQUIRE(run_coroutine(store.save(token.hash(), record, now)));
        }
        return request;
    }

    Result<std::optional<Session>> find(Wanted& request) { return run_coroutine(sessions.find(request)); }
    Result<thumbgate::Response> call(std::size_t route, Wanted& request) {
        return run_coroutine(api.routes().at(route).handler(request));
    }

    std::string owner = new_id();
};

std::string cookie_value(const std::string& set_cookie) {
    const std::size_t begin = set_cookie.find('=') + 1;
    return set_cookie.substr(begin, set_cookie.find(';') - begin);
}

}  // namespace

TEST_CASE("a cookie leads to its session and owner") {
    Fixture f;
    Wanted request = f.with_session(900);
    const auto session = f.find(request);
    REQUIRE(session);
    REQUIRE(*session);
    CHECK((*session)->record.owner == f.owner);
    CHECK_FALSE((*session)->set_cookie);
    CHECK(request.times.redis);
}

TEST_CASE("no cookie is no session, and Redis is not asked") {
    Fixture f;
    Wanted request;
    CHECK_FALSE(f.find(request)->has_value());
    CHECK(f.redis.commands.empty());
    CHECK(run_coroutine(f.sessions.require(request)).error().status == 401);
}

TEST_CASE("a cookie whose session was ended is no session") {
    Fixture f;
    Wanted request = f.with_session(900, false);
    CHECK_FALSE(f.find(request)->has_value());
}

TEST_CASE("a cookie that is not the one the edge saw is refused, either way") {
    Fixture f;
    Wanted other = f.with_session(900);
    other.identity.session = std::string(32, 'a');
    CHECK(f.find(other).error().status == 403);
    Wanted unseen = f.with_session(900);
    unseen.identity.session.clear();
    CHECK(f.find(unseen).error().status == 403);
    Wanted no_cookie = f.with_session(900);
    no_cookie.headers.clear();
    CHECK(f.find(no_cookie).error().status == 403);
}

TEST_CASE("a session past half its life gets a whole one again, under the same name") {
    Fixture f;
    Wanted request = f.with_session(499);
    const auto session = f.find(request);
    REQUIRE((*session)->set_cookie);
    const auto token = decode_session_token(f.secret.cookie, cookie_value(*(*session)->set_cookie), unix_seconds());
    REQUIRE(token);
    CHECK(token->hash() == request.identity.session);
    CHECK(token->expires >= unix_seconds() + 999);
    CHECK(f.redis.commands.back().back() == "XX");
    Wanted young = f.with_session(510);
    CHECK_FALSE((*f.find(young))->set_cookie);
}

TEST_CASE("a new session has an owner of its own, and lives in Redis as long as its cookie") {
    Fixture f;
    Wanted request;
    const auto session = run_coroutine(f.sessions.find_or_make(request));
    REQUIRE(session);
    CHECK(session->is_new);
    CHECK(is_id(session->record.owner));
    REQUIRE(run_coroutine(f.sessions.save(request, *session)));
    const auto& command = f.redis.commands.back();
    CHECK(command.at(0) == "SET");
    CHECK(command.at(1) == "session:" + session->hash);
    CHECK(command.at(3) == "EX");
    CHECK(command.at(4) == "1000");
}

TEST_CASE("cookies are for HTTP alone, this site, this host, and TLS") {
    Fixture f;
    const std::string cookie = *f.sessions.make(std::nullopt, unix_seconds()).set_cookie;
    CHECK(cookie.starts_with("__Host-thumbgate="));
    CHECK_THAT(cookie, contains("; Path=/; Max-Age=1000; HttpOnly; SameSite=Lax; Secure"));
    const Sessions plain(f.store, f.feed, f.secret.cookie, SessionConfig{kLifetime, false});
    const std::string plain_cookie = *plain.make(std::nullopt, unix_seconds()).set_cookie;
    CHECK(plain_cookie.starts_with("thumbgate="));
    CHECK(plain_cookie.find("Secure") == std::string::npos);
}

TEST_CASE("without Redis every answer is 503, and a new session at once") {
    Fixture f;
    Wanted request = f.with_session(900);
    f.redis.up = false;
    CHECK(f.find(request).error().status == 503);
    const std::size_t asked = f.redis.commands.size();
    CHECK(run_coroutine(f.sessions.find_or_make(request)).error().status == 503);
    CHECK(f.redis.commands.size() == asked);
}

TEST_CASE("a damaged session record is an error, not a stranger's session") {
    Fixture f;
    Wanted request = f.with_session(900);
    for (const char* damage : {"", "{}", "[]", "{\"owner\":\"../x\",\"created\":1,\"expires\":2}"}) {
        f.redis.values.begin()->second = damage;
        CHECK(f.find(request).error().status == 500);
    }
}

TEST_CASE("POST /api/sessions starts one, and another for the same owner") {
    Fixture f;
    Wanted request;
    const auto started = f.call(0, request);
    REQUIRE(started);
    CHECK(started->status == 201);
    CHECK_THAT(started->body, contains("\"expires\":"));
    Wanted known = f.with_session(900);
    REQUIRE(f.call(0, known));
    CHECK_THAT(f.redis.commands.back().at(2), contains(f.owner));
}

TEST_CASE("GET /api/sessions/current shows it, DELETE ends it and takes the cookie away") {
    Fixture f;
    Wanted request = f.with_session(900);
    CHECK_THAT(f.call(1, request)->body, contains("\"owner\":\"" + f.owner + "\""));
    const auto ended = f.call(2, request);
    REQUIRE(ended);
    CHECK(ended->status == 204);
    CHECK_THAT(std::string(find_header(ended->headers, "Set-Cookie")),
               contains("__Host-thumbgate=; Path=/; Max-Age=0"));
    CHECK(f.redis.values.empty());
    CHECK(f.call(1, request).error().status == 401);
    CHECK(f.call(2, request)->status == 204);
}
