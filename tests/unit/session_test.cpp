// Whose request it is: cookies, sessions, and when they are renewed.
#include "backend/sessions/sessions.hpp"

#include <boost/json.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "backend/sessions/device.hpp"
#include "backend/sessions/session_api.hpp"
#include "backend/storage/file_store.hpp"
#include "backend/units.hpp"
#include "contract/secret.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/unit/backend_fakes.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
using Wanted = thumbgate::Request;
namespace json = boost::json;

namespace {

constexpr std::chrono::seconds kLifetime(1000);

struct Fixture {
    ~Fixture() {
        threads.close([] {}, after(std::chrono::seconds(10)));
    }

    TempDir dir;
    StorageThreads threads{{.threads = 1}};
    std::unique_ptr<FileStore> storage = std::move(*FileStore::make(dir / "photos"));
    Owners owners{*storage, threads};
    FakeRedis redis;
    SharedSecret secret{std::string(32, 's')};
    SessionStore store{redis};
    ControlFeed feed{redis};
    Sessions sessions{store, feed, secret.cookie, SessionConfig{kLifetime, true}};
    SessionApi api{sessions, owners, quota_of, "https://photos.example"};

    static boost::asio::awaitable<Result<json::object>> quota_of(Wanted& /*request*/, std::string /*owner*/) {
        co_return json::object{};
    }

    // A request with a cookie of a session that ends in `remaining` seconds, seen as such by the edge.
    Wanted with_session(std::uint64_t remaining, bool stored = true) {
        const std::uint64_t now = unix_seconds();
        const SessionToken token = new_session_token(now + remaining);
        Wanted request;
        request.headers = {{"Cookie", "a=b; __Host-thumbgate=" + encode_session_token(secret.cookie, token)}};
        request.identity.session = token.hash();
        if (stored) {
            const SessionRecord record{owner, now - 10, now + remaining, now - 10, "Firefox on Linux"};
            REQUIRE(run_coroutine(store.save(token.hash(), record, now)));
        }
        return request;
    }

    void keep() { REQUIRE(run_coroutine(owners.keep(owner, unix_seconds(), Deadline::max()))); }

    std::vector<std::string> stored_files() {
        std::vector<std::string> files;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(dir / "photos")) {
            if (entry.is_regular_file()) files.push_back(entry.path().string());
        }
        return files;
    }

    Result<std::optional<Session>> find(Wanted& request) { return run_coroutine(sessions.find(request)); }
    Result<thumbgate::Response> call(std::size_t route, Wanted& request, const std::string& bytes = "") {
        FakeBody body(bytes);
        request.body = &body;
        return run_coroutine(api.routes().at(route).handler(request));
    }
    Result<thumbgate::Response> end_one(Wanted& request, const std::string& hash) {
        request.parameters = {hash};
        return call(5, request);
    }
    json::array list(Wanted& request) {
        const auto response = call(3, request);
        REQUIRE(response);
        return json::parse(response->body).at("sessions").as_array();
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

TEST_CASE("sessions leave nothing in the storage, and whoever keeps nothing gets no recovery link") {
    Fixture f;
    const auto before = f.stored_files();
    for (int i = 0; i < 3; ++i) {
        Wanted stranger;
        REQUIRE(f.call(0, stranger)->status == 201);
    }
    Wanted mine = f.with_session(900);
    const auto refused = f.call(4, mine);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 409);
    CHECK(refused.error().code == "nothing_kept");
    CHECK(f.stored_files() == before);
}

TEST_CASE("an owner is kept once, from the first time on") {
    Fixture f;
    CHECK_FALSE(*run_coroutine(f.owners.is_kept(f.owner, Deadline::max())));
    REQUIRE(run_coroutine(f.owners.keep(f.owner, 1000, Deadline::max())));
    REQUIRE(run_coroutine(f.owners.keep(f.owner, 2000, Deadline::max())));
    CHECK(*run_coroutine(f.owners.is_kept(f.owner, Deadline::max())));
    CHECK(**read_object(*f.storage, "owner_records/" + f.owner, 1000) ==
          R"({"id":")" + f.owner + R"(","created":1000})");
}

TEST_CASE("when a session was used is written once a minute, and does not make it live longer") {
    Fixture f;
    Wanted request = f.with_session(900);
    const std::size_t before = f.redis.commands.size();
    REQUIRE(f.find(request));
    CHECK(f.redis.commands.size() == before + 1);
    const std::uint64_t now = unix_seconds();
    const SessionRecord record{f.owner, now - 100, now + 900, now - 61, ""};
    REQUIRE(run_coroutine(f.store.save(request.identity.session, record, now)));
    const auto session = f.find(request);
    REQUIRE(session);
    CHECK((*session)->record.last_used >= now);
    CHECK((*session)->record.expires == now + 900);
    CHECK_FALSE((*session)->set_cookie);
    CHECK((*run_coroutine(f.store.find(request.identity.session)))->last_used >= now);
}

TEST_CASE("an owner's sessions are listed with device and last use, the last used first, and nobody else's") {
    Fixture f;
    Wanted old = f.with_session(900);
    Wanted start;
    start.headers = old.headers;
    start.headers.push_back({"User-Agent", "Mozilla/5.0 (iPhone; <b>) Version/17.0 Mobile/15E148 Safari/604.1"});
    start.identity = old.identity;
    REQUIRE(f.call(0, start));
    Wanted stranger;
    REQUIRE(f.call(0, stranger));
    const json::array sessions = f.list(old);
    REQUIRE(sessions.size() == 2);
    CHECK(sessions[0].at("device") == "Safari on iPhone");
    CHECK(sessions[0].at("is_current") == false);
    CHECK(sessions[1].at("device") == "Firefox on Linux");
    CHECK(sessions[1].at("id") == json::string(old.identity.session));
    CHECK(sessions[1].at("is_current") == true);
    CHECK(sessions[1].at("last_used").to_number<std::uint64_t>() >= unix_seconds() - 30);
}

TEST_CASE("an owner ends any of their sessions, every edge hears of it, and nobody else can") {
    Fixture f;
    Wanted mine = f.with_session(900);
    Wanted other = f.with_session(900);
    f.owner = new_id();
    Wanted stranger = f.with_session(900);
    CHECK(f.end_one(stranger, other.identity.session).error().status == 404);
    CHECK(f.end_one(stranger, std::string(32, 'a')).error().status == 404);
    CHECK(f.find(other)->has_value());
    const auto ended = f.end_one(mine, other.identity.session);
    REQUIRE(ended);
    CHECK(ended->status == 204);
    CHECK(find_header(ended->headers, "Set-Cookie").empty());
    CHECK_FALSE(f.find(other)->has_value());
    CHECK(f.list(mine).size() == 1);
    const auto is_announcement = [&](const auto& command) {
        return command.front() == "XADD" && std::ranges::find(command, other.identity.session) != command.end();
    };
    CHECK(std::ranges::any_of(f.redis.commands, is_announcement));
    CHECK(f.end_one(mine, other.identity.session).error().status == 404);
    CHECK_THAT(std::string(find_header(f.end_one(mine, mine.identity.session)->headers, "Set-Cookie")),
               contains("Max-Age=0"));
}

TEST_CASE("an owner's hundred and first session ends the one that would have expired first") {
    Fixture f;
    Wanted first = f.with_session(700);
    for (int i = 0; i < 98; ++i) f.with_session(900);
    Wanted request = f.with_session(900);
    REQUIRE(f.call(0, request));
    CHECK_FALSE(f.find(first)->has_value());
    CHECK(f.list(request).size() == 100);
    REQUIRE(f.call(0, request));
    CHECK(f.list(request).size() == 100);
}

TEST_CASE("a recovery link leads back to its owner when every session is forgotten, and a new one ends the old") {
    Fixture f;
    Wanted mine = f.with_session(900);
    f.keep();
    const auto first = json::parse(f.call(4, mine)->body).as_object();
    const std::string secret = json::value_to<std::string>(first.at("secret"));
    CHECK(first.at("url") == json::string("https://photos.example/#recover=" + secret));
    CHECK(first.at("expires").is_null());
    CHECK_THAT(secret, Catch::Matchers::Matches("[A-Za-z0-9_-]{69}"));
    f.redis.wipe();
    CHECK_FALSE(f.find(mine)->has_value());
    Wanted somebody;
    const auto recovered = f.call(0, somebody, "{\"recovery\":\"" + secret + "\"}");
    REQUIRE(recovered);
    CHECK(recovered->status == 201);
    CHECK_THAT(f.redis.values.begin()->second, contains(f.owner));
    Wanted again = f.with_session(900);
    const auto second = json::parse(f.call(4, again)->body).as_object();
    CHECK(second.at("secret") != first.at("secret"));
    CHECK(f.call(0, somebody, "{\"recovery\":\"" + secret + "\"}").error().code == "bad_recovery");
}

TEST_CASE("what is no recovery link's secret is refused, and the storage does not hold it") {
    Fixture f;
    f.keep();
    Wanted mine = f.with_session(900);
    Wanted somebody;
    const auto recover = [&](const std::string& secret) {
        return f.call(0, somebody, "{\"recovery\":\"" + secret + "\"}").error();
    };
    CHECK(recover(f.owner).status == 403);
    CHECK(recover(f.owner + std::string(43, 'A')).status == 403);
    const auto link = json::parse(f.call(4, mine)->body).as_object();
    std::string secret = json::value_to<std::string>(link.at("secret"));
    const std::string stored = **read_object(*f.storage, "recoveries/" + f.owner, 1000);
    CHECK_THAT(stored, Catch::Matchers::Matches("[0-9a-f]{64}"));
    secret.back() = secret.back() == 'A' ? 'E' : 'A';
    const std::string longer = secret + "A";
    const std::vector<std::string> wrong{
        "", "A", secret, longer, f.owner, new_id() + secret.substr(26), "../../etc/x", std::string(5000, 'a')};
    for (const std::string& text : wrong) CHECK(recover(text).status == 403);
    CHECK(f.call(0, somebody, "{\"recovery\":1}").error().status == 400);
    CHECK(f.call(0, somebody, "[]").error().status == 400);
    CHECK(f.call(0, somebody, "{").error().status == 400);
    CHECK(f.call(0, somebody, "{}")->status == 201);
}

TEST_CASE("a device is told in a few fixed words") {
    const std::map<std::string, std::string> devices{
        {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"},
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
         "Safari/537.36",
         "Chrome on Windows"},
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
         "Safari/537.36 Edg/126.0.0.0",
         "Edge on Windows"},
        {"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
         "Safari/537.36",
         "Chrome on Android"},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
         "Safari/605.1.15",
         "Safari on Mac"},
        {"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 "
         "Mobile/15E148 Safari/604.1",
         "Chrome on iPad"},
        {"curl/7.88.1", "curl"},
        {"", "Unknown device"},
        {"<script>alert(1)</script>", "Unknown device"},
        {"something on Linux", "Unknown browser on Linux"},
    };
    for (const auto& [header, words] : devices) CHECK(describe_device(header) == words);
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
