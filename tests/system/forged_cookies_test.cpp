// Session cookies that nobody was given: no session, and not one question to Redis.
//
// Short by default: THUMBGATE_FORGED_COOKIES=10000 asks for so many.
#include <atomic>
#include <charconv>
#include <ctime>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "contract/encoding.hpp"
#include "contract/secret.hpp"
#include "contract/session_cookie.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/mixed_load.hpp"
#include "tests/support/setting.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

constexpr unsigned kClients = 4;
constexpr std::uint64_t kHour = 3600;
constexpr std::size_t kTokenBytes = 40;

// A maker of cookies, each of another kind than the one before. One thread at a time.
class Forger {
  public:
    Forger(const std::filesystem::path& secret, unsigned seed)
        : own_(*thumbgate::SharedSecret::read_file(secret)), random_(seed) {}

    std::string next() {
        const auto now = static_cast<std::uint64_t>(std::time(nullptr));
        switch (made_++ % 5) {
            case 0:
                return random_text(random_() % 60);  // of any length, in no alphabet that is ours
            case 1:
                return thumbgate::base64url_encode(random_bytes(kTokenBytes));
            case 2:
                return altered(thumbgate::encode_session_token(own_.cookie, token(now + kHour)));
            case 3:
                return thumbgate::encode_session_token(own_.cookie, token(now - 1));  // expired
            default:
                return thumbgate::encode_session_token(foreign_.cookie, token(now + kHour));
        }
    }

  private:
    static thumbgate::SessionToken token(std::uint64_t expires) { return thumbgate::new_session_token(expires); }

    std::string random_bytes(std::size_t count) {
        std::string bytes;
        for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(random_());
        return bytes;
    }
    // Visible ASCII without the ";" that would end the cookie: with other bytes it would be no request at all.
    std::string random_text(std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) text += static_cast<char>('<' + random_() % ('~' - '<' + 1));
        return text;
    }
    // One character is another, anywhere: in the random part, in the expiry or in the MAC.
    std::string altered(std::string cookie) {
        char& one = cookie.at(random_() % (cookie.size() - 1));
        one = one == 'A' ? 'B' : 'A';
        return cookie;
    }

    thumbgate::SharedSecret own_;
    thumbgate::SharedSecret foreign_{std::string(32, 'f')};
    std::mt19937 random_;
    std::size_t made_ = 0;
};

// How often each command was called since Redis began.
std::map<std::string, std::uint64_t> calls_of(const Redis& redis) {
    constexpr std::string_view kName = "cmdstat_";
    constexpr std::string_view kCalls = ":calls=";
    std::map<std::string, std::uint64_t> calls;
    for (const std::string& line : lines_of(redis.command({"INFO", "commandstats"}))) {
        const std::size_t at = line.find(kCalls);
        if (!line.starts_with(kName) || at == std::string::npos) continue;
        const char* number = line.data() + at + kCalls.size();
        std::from_chars(number, line.data() + line.size(), calls[line.substr(kName.size(), at - kName.size())]);
    }
    return calls;
}

// What edge and backend ask by themselves, whoever comes: whether Redis is there, for the feed, and whether it has lost
// any. And this test.
const std::set<std::string> kOwnAccord{"ping", "info", "xread", "xlen", "zscore"};

std::string asked_between(const std::map<std::string, std::uint64_t>& before,
                          const std::map<std::string, std::uint64_t>& after) {
    std::string text;
    for (const auto& [name, count] : after) {
        const auto was = before.find(name);
        const std::uint64_t more = count - (was == before.end() ? 0 : was->second);
        if (more > 0 && !kOwnAccord.contains(name)) text += std::to_string(more) + " " + name + "\n";
    }
    return text;
}

// What asks for a session, each with the answer to who has none.
struct Door {
    std::string method;
    std::string target;
    int status;
};

std::vector<Door> doors(const Stack& stack, CookieJar& owner) {
    const std::string photo = stack.upload(photos::flower(), &owner).id;
    const Response made = stack.send({.url = "/api/photos/" + photo + "/links",
                                      .method = "POST",
                                      .body = R"({"expires_in": "1h", "bound": true})",
                                      .jar = &owner});
    const json::value bound = parse_json(made.body);
    return {
        {"GET", "/api/photos", 401},   {"GET", "/api/photos/" + photo, 401},  {"DELETE", "/api/photos/" + photo, 401},
        {"GET", "/api/sessions", 401}, {"GET", "/api/sessions/current", 401}, {"DELETE", "/api/sessions/current", 204},
        {"GET", "/api/links", 401},    {"GET", text_at(bound, "url"), 403},   {"GET", text_at(bound, "page"), 404}};
}

// Forged cookies at every door, several at once: the answers that are not that door's, and how often.
std::map<std::string, int> wrong_answers(const Stack& stack, const std::vector<Door>& doors, std::size_t cookies) {
    std::map<std::string, int> wrong;
    std::mutex mutex;
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> clients;
    for (unsigned i = 0; i < kClients; ++i) {
        clients.emplace_back([&, i] {
            Forger forger(stack.dir() / "secret", i);
            for (std::size_t number = next++; number < cookies; number = next++) {
                const Door& door = doors[number % doors.size()];
                const Response response = stack.send(
                    {.url = door.target, .method = door.method, .headers = {{"Cookie", "thumbgate=" + forger.next()}}});
                if (response.status == door.status) continue;
                const std::lock_guard lock(mutex);
                ++wrong[door.method + " " + door.target + ": " + std::to_string(response.status) + response.error];
            }
        });
    }
    clients.clear();  // joins
    return wrong;
}

}  // namespace

TEST_CASE("a forged session cookie is no session, and Redis hears nothing of it") {
    std::vector<ConfEdit> edits = MixedLoad::without_rate_limits();
    edits.push_back({"nginx.conf", "rate=1r/s", "rate=100000r/s"});
    Stack stack({.edits = edits});
    CookieJar owner;
    const std::vector<Door> all = doors(stack, owner);
    // Whoever starts begins the feed, where there is none.
    REQUIRE(wait_until(20s, [&] { return calls_of(stack.redis()).contains("xadd"); }));
    const auto before = calls_of(stack.redis());
    const auto wrong = wrong_answers(stack, all, setting("THUMBGATE_FORGED_COOKIES", 1000));
    const auto after = calls_of(stack.redis());
    for (const auto& [answer, count] : wrong) {
        INFO(count << " × " << answer);
        CHECK(false);
    }
    CHECK(asked_between(before, after) == "");
    // The one that was given is asked for.
    CHECK(stack.get("/api/photos", {}, &owner).status == 200);
    CHECK(asked_between(after, calls_of(stack.redis())) != "");
}
