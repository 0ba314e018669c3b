// The session cookie: forged, expired and misspelled ones are refused. The known token was computed with Node.
#include "contract/session_cookie.hpp"

#include <set>
#include <string>

#include "contract/encoding.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;

namespace {

constexpr std::uint64_t kExpires = 1'700'000'000;
constexpr std::string_view kKnown = "oKGio6SlpqeoqaqrrK2urwAAAABlU_EACvGgo1-9z2TlBofYSNMvmg";

HmacKey cookie_key() {
    return HmacKey(*hex_decode("2b7d0355a68ea474cf76f096cd0dc3ca001c474ef8e762e78d29508f648d3ddd"));
}

SessionToken known_token() {
    return {*hex_decode("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"), kExpires};
}

bool finds(std::string_view header, std::string_view name = kSecureCookieName) {
    const auto token = find_session_token(cookie_key(), header, name, kExpires - 1);
    return token && token->random == known_token().random;
}

}  // namespace

TEST_CASE("a session token has the known spelling and reads back") {
    CHECK(encode_session_token(cookie_key(), known_token()) == kKnown);
    const auto token = decode_session_token(cookie_key(), kKnown, 0);
    REQUIRE(token);
    CHECK(token->random == known_token().random);
    CHECK(token->expires == kExpires);
}

TEST_CASE("a session is named by a hash that does not give the cookie away") {
    CHECK(known_token().hash() == "503563c1bda45327ff4617750a06bd81");
}

TEST_CASE("a session token is valid until the second of its expiry") {
    CHECK(decode_session_token(cookie_key(), kKnown, kExpires - 1));
    CHECK_FALSE(decode_session_token(cookie_key(), kKnown, kExpires));
    CHECK_FALSE(decode_session_token(cookie_key(), kKnown, kExpires + 1));
}

TEST_CASE("changing any character of a session token makes it invalid") {
    for (std::size_t i = 0; i < kKnown.size(); ++i) {
        for (const char other : {'A', 'B', '_', '=', ' '}) {
            std::string changed(kKnown);
            if (changed[i] == other) continue;
            changed[i] = other;
            INFO(changed);
            CHECK_FALSE(decode_session_token(cookie_key(), changed, 0));
        }
    }
}

TEST_CASE("a session token of another length or by another key is invalid") {
    CHECK_FALSE(decode_session_token(cookie_key(), "", 0));
    CHECK_FALSE(decode_session_token(cookie_key(), kKnown.substr(0, kKnown.size() - 1), 0));
    CHECK_FALSE(decode_session_token(cookie_key(), kKnown.substr(0, 32), 0));
    CHECK_FALSE(decode_session_token(cookie_key(), std::string(kKnown) + "AA", 0));
    CHECK_FALSE(decode_session_token(HmacKey("another"), kKnown, 0));
}

TEST_CASE("the largest expiry survives the cookie") {
    const SessionToken forever{std::string(16, 'x'), UINT64_MAX};
    const auto token = decode_session_token(cookie_key(), encode_session_token(cookie_key(), forever), UINT64_MAX - 1);
    REQUIRE(token);
    CHECK(token->expires == UINT64_MAX);
}

TEST_CASE("new session tokens have 16 random bytes and are never the same") {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const SessionToken token = new_session_token(kExpires);
        REQUIRE(token.random.size() == 16);
        CHECK(token.expires == kExpires);
        seen.insert(token.random);
    }
    CHECK(seen.size() == 1000);
}

TEST_CASE("the session is found among other cookies") {
    const std::string ours = "__Host-thumbgate=" + std::string(kKnown);
    CHECK(finds(ours));
    CHECK(finds("a=b; " + ours));
    CHECK(finds(ours + "; a=b"));
    CHECK(finds("a=b;" + ours + ";c"));
    CHECK(finds("; ;  " + ours));
}

TEST_CASE("of several cookies of the name the first valid one counts") {
    const std::string ours = "__Host-thumbgate=" + std::string(kKnown);
    CHECK(finds("__Host-thumbgate=forged; " + ours));
    CHECK(finds("__Host-thumbgate=; " + ours));
    const std::string other = encode_session_token(cookie_key(), {std::string(16, 'o'), kExpires});
    const auto token =
        find_session_token(cookie_key(), "__Host-thumbgate=" + other + "; " + ours, kSecureCookieName, 0);
    REQUIRE(token);
    CHECK(token->random == std::string(16, 'o'));
}

TEST_CASE("a cookie of another name is not the session") {
    const std::string value(kKnown);
    CHECK_FALSE(finds(""));
    CHECK_FALSE(finds("__Host-thumbgate"));
    CHECK_FALSE(finds("x__Host-thumbgate=" + value));
    CHECK_FALSE(finds("__Host-thumbgate2=" + value));
    CHECK_FALSE(finds("__host-thumbgate=" + value));
    CHECK_FALSE(finds("thumbgate=" + value));
    CHECK_FALSE(finds("a=__Host-thumbgate=" + value));
    CHECK(finds("thumbgate=" + value, kPlainCookieName));
    CHECK_FALSE(finds("__Host-thumbgate=" + value, kPlainCookieName));
}
