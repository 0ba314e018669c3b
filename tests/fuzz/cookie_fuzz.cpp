// Session cookies: no header is a session unless we made the token, and a token has one spelling.
#include <string>

#include "contract/session_cookie.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace thumbgate;

namespace {

const HmacKey kKey("fuzz");

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(text_of(data, size));
    // The MAC cannot be guessed, so whatever is found here was not.
    expect(!find_session_token(kKey, text, kSecureCookieName, 0));
    expect(!decode_session_token(kKey, text, 0));

    SessionToken token{text.substr(0, 16), size};
    token.random.resize(16);
    const std::string encoded = encode_session_token(kKey, token);
    const auto decoded = decode_session_token(kKey, encoded, 0);
    expect(size == 0 || (decoded && decoded->random == token.random && decoded->expires == token.expires));
    // Other cookies before it do not hide it.
    const std::string name(kPlainCookieName);
    const auto found = find_session_token(kKey, text + ";" + name + "=" + encoded, kPlainCookieName, 0);
    expect(size == 0 || (found && found->random == token.random));
    return 0;
}
