// HMAC-SHA256 by the cases of RFC 4231, HKDF-SHA256 by RFC 5869; what OpenSSL's command and Node computed for the rest.
#include "contract/hmac.hpp"

#include <set>
#include <string>

#include "contract/encoding.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;

namespace {

std::string mac_of(std::string_view key_hex, std::string_view message) {
    return hex_encode(HmacKey(*hex_decode(key_hex)).mac({message}));
}

std::string repeated(std::string_view text, int times) {
    std::string result;
    for (int i = 0; i < times; ++i) result += text;
    return result;
}

}  // namespace

TEST_CASE("HMAC-SHA256 gives the values of RFC 4231") {
    CHECK(mac_of(repeated("0b", 20), "Hi There") == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(mac_of("4a656665", "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(mac_of(repeated("aa", 20), repeated("\xDD", 50)) ==
          "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    CHECK(mac_of("0102030405060708090a0b0c0d0e0f10111213141516171819", repeated("\xCD", 50)) ==
          "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    CHECK(mac_of(repeated("aa", 131), "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(
        mac_of(repeated("aa", 131),
               "This is a test using a larger than block-size key and a larger than block-size data. The key needs to "
               "be hashed before being used by the HMAC algorithm.") ==
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST_CASE("a key of exactly one block is used as it is, one byte more is hashed") {
    const std::string block(64, '\xAB');
    const std::string longer(65, '\xAB');
    const Sha256 digest = sha256(longer);
    const std::string hashed(digest.begin(), digest.end());
    CHECK(HmacKey(longer).mac({"x"}) == HmacKey(hashed).mac({"x"}));
    CHECK(HmacKey(block).mac({"x"}) != HmacKey(longer).mac({"x"}));
    CHECK(HmacKey(block).mac({"x"}) == HmacKey(block + std::string()).mac({"x"}));
}

TEST_CASE("a message in parts has the MAC of the whole") {
    const HmacKey key("secret");
    CHECK(key.mac({"hel", "", "lo"}) == key.mac({"hello"}));
    CHECK(key.mac({}) == key.mac({""}));
}

TEST_CASE("a key may be used again, and its copy as well") {
    const HmacKey key("secret");
    const HmacKey copy = key;  // NOLINT(performance-unnecessary-copy-initialization)
    const Sha256 first = key.mac({"a"});
    CHECK(key.mac({"b"}) != first);
    CHECK(key.mac({"a"}) == first);
    CHECK(copy.mac({"a"}) == first);
}

TEST_CASE("SHA-256 gives the values of FIPS 180-4") {
    CHECK(hex_encode(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hex_encode(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("comparison in constant time says whether bytes are equal") {
    CHECK(equal_in_constant_time(as_bytes("abc"), as_bytes("abc")));
    CHECK(equal_in_constant_time(as_bytes(""), as_bytes("")));
    CHECK_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("abd")));
    CHECK_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("xbc")));
    CHECK_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("ab")));
    CHECK_FALSE(equal_in_constant_time(as_bytes(""), as_bytes("a")));
}

TEST_CASE("HKDF-SHA256 gives the value of RFC 5869's case without salt and info") {
    CHECK(hex_encode(as_bytes(hkdf(std::string(22, '\x0B'), "", 42))) ==
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST_CASE("HKDF-SHA256 takes the label as info") {
    CHECK(hex_encode(as_bytes(hkdf(std::string(22, '\x0B'), "thumbgate service v1", 32))) ==
          "d0135d0a70e5c07ba2392b0527376c1cbdf2d79b8e2e5aa92be95fc958cfe1da");
    std::string secret;
    std::string label;
    for (int i = 0; i < 80; ++i) secret += static_cast<char>(i), label += static_cast<char>(0xB0 + i);
    CHECK(hex_encode(as_bytes(hkdf(secret, label, 82))) ==
          "bdeaae544c019348d911435a228f8a7f6eba81db6892a2be5560274060c70a75ebd4c875b737c678a1fe60c8cd40b334e5c0b5b0500d"
          "6b78ed90fb08388f5a7b22ed5dc466cac7b0bec32bf3eb1681d01524");
}

TEST_CASE("random bytes fill the whole buffer and differ from call to call") {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        std::array<std::uint8_t, 16> bytes{};
        fill_random(bytes);
        seen.insert(hex_encode(bytes));
    }
    CHECK(seen.size() == 100);
    for (std::size_t i = 0; i < 16; ++i) {
        std::set<std::string> column;
        for (const std::string& hex : seen) column.insert(hex.substr(2 * i, 2));
        CHECK(column.size() > 20);
    }
}
