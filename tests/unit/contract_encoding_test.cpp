// Text encodings: the RFCs' own examples, and the spellings that are refused.
#include "contract/encoding.hpp"

#include <string>

#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace std::string_literals;

namespace {

constexpr std::uint64_t kNoLimit = UINT64_MAX;

std::string every_byte() {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
    return bytes;
}

}  // namespace

TEST_CASE("base64url encodes the examples of RFC 4648, without padding") {
    CHECK(base64url_encode("") == "");
    CHECK(base64url_encode("f") == "Zg");
    CHECK(base64url_encode("fo") == "Zm8");
    CHECK(base64url_encode("foo") == "Zm9v");
    CHECK(base64url_encode("foob") == "Zm9vYg");
    CHECK(base64url_encode("fooba") == "Zm9vYmE");
    CHECK(base64url_encode("foobar") == "Zm9vYmFy");
    CHECK(base64url_encode("\xFB\xEF\xFF") == "--__");
}

TEST_CASE("base64 encodes the examples of RFC 4648, with padding and its own alphabet") {
    CHECK(base64_encode("") == "");
    CHECK(base64_encode("f") == "Zg==");
    CHECK(base64_encode("fo") == "Zm8=");
    CHECK(base64_encode("foo") == "Zm9v");
    CHECK(base64_encode("foobar") == "Zm9vYmFy");
    CHECK(base64_encode("\xFB\xEF\xFF") == "++//");
}

TEST_CASE("base64url decodes what it encoded, of every length and every byte") {
    const std::string bytes = every_byte();
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        const std::string text = base64url_encode(bytes.substr(0, length));
        CHECK(base64url_decode_strict(text) == bytes.substr(0, length));
        CHECK(base64url_decode_lenient(text) == bytes.substr(0, length));
    }
}

TEST_CASE("strict base64url has one spelling: no padding, no other alphabet, no set bits to spare") {
    CHECK(base64url_decode_strict("Zg") == "f");
    CHECK_FALSE(base64url_decode_strict("Zg=="));
    CHECK_FALSE(base64url_decode_strict("Zh"));
    CHECK_FALSE(base64url_decode_strict("Zm9"));
    CHECK_FALSE(base64url_decode_strict("Z"));
    CHECK_FALSE(base64url_decode_strict("Zm9v+"));
    CHECK_FALSE(base64url_decode_strict("++//"));
    CHECK_FALSE(base64url_decode_strict("Zm 9v"));
    CHECK_FALSE(base64url_decode_strict("Zm9v\n"));
    CHECK_FALSE(base64url_decode_strict("Zm9\xC3"));
    CHECK_FALSE(base64url_decode_strict("Zm9\0"s));
}

TEST_CASE("lenient base64url also reads padding and set bits to spare, and nothing else") {
    CHECK(base64url_decode_lenient("Zg==") == "f");
    CHECK(base64url_decode_lenient("Zg=") == "f");
    CHECK(base64url_decode_lenient("Zh") == "f");
    CHECK(base64url_decode_lenient("Zm9") == "fo");
    CHECK(base64url_decode_lenient("Zm9v====") == "foo");
    CHECK(base64url_decode_lenient("") == "");
    CHECK_FALSE(base64url_decode_lenient("Z"));
    CHECK_FALSE(base64url_decode_lenient("Z=g"));
    CHECK_FALSE(base64url_decode_lenient("Zm+v"));
}

TEST_CASE("hex is written in lower case and read in either") {
    CHECK(hex_encode(as_bytes("\x00\x7F\xAB\xFF"s)) == "007fabff");
    CHECK(hex_decode("007FabFf") == "\x00\x7F\xAB\xFF"s);
    CHECK(hex_decode("") == "");
    CHECK(hex_decode(hex_encode(as_bytes(every_byte()))) == every_byte());
    CHECK_FALSE(hex_decode("0"));
    CHECK_FALSE(hex_decode("0g"));
    CHECK_FALSE(hex_decode("g0"));
    CHECK_FALSE(hex_decode("0x10"));
    CHECK_FALSE(hex_decode(" 1"));
}

TEST_CASE("base32 encodes the examples of RFC 4648, in lower case and without padding") {
    CHECK(base32_encode(as_bytes("")) == "");
    CHECK(base32_encode(as_bytes("f")) == "my");
    CHECK(base32_encode(as_bytes("fo")) == "mzxq");
    CHECK(base32_encode(as_bytes("foo")) == "mzxw6");
    CHECK(base32_encode(as_bytes("foob")) == "mzxw6yq");
    CHECK(base32_encode(as_bytes("fooba")) == "mzxw6ytb");
    CHECK(base32_encode(as_bytes("foobar")) == "mzxw6ytboi");
    CHECK(base32_encode(as_bytes(std::string(16, '\xFF'))).size() == 26);
}

TEST_CASE("an escape is a percent sign and two hex digits; anything else after the sign is an error") {
    CHECK(percent_decode("a%2Fb%2fc") == "a/b/c");
    CHECK(percent_decode("%00%ff") == "\0\xFF"s);
    CHECK(percent_decode("%2541") == "%41");
    CHECK(percent_decode("a+b") == "a+b");
    CHECK(percent_decode("") == "");
    CHECK_FALSE(percent_decode("%"));
    CHECK_FALSE(percent_decode("a%2"));
    CHECK_FALSE(percent_decode("%g0"));
    CHECK_FALSE(percent_decode("%0g"));
    CHECK_FALSE(percent_decode("%%41"));
    // What follows in memory does not complete it.
    CHECK_FALSE(percent_decode(std::string_view("a%41").substr(0, 3)));
    CHECK_FALSE(percent_decode(std::string_view("a%41").substr(0, 2)));
}

TEST_CASE("escaping leaves the unreserved bytes and those that are named, and is undone by decoding") {
    CHECK(percent_encode("Az09-._~") == "Az09-._~");
    CHECK(percent_encode("a/b:c", "/:") == "a/b:c");
    CHECK(percent_encode("a/b:c") == "a%2Fb%3Ac");
    CHECK(percent_encode("\xC3\xA9\n") == "%C3%A9%0A");
    CHECK(percent_decode(percent_encode(every_byte())) == every_byte());
    CHECK(percent_decode(percent_encode(every_byte(), "/:")) == every_byte());
}

TEST_CASE("a decimal number has digits and nothing else, and keeps to its limit") {
    CHECK(parse_decimal("0", kNoLimit) == 0U);
    CHECK(parse_decimal("007", kNoLimit) == 7U);
    CHECK(parse_decimal("18446744073709551615", kNoLimit) == UINT64_MAX);
    CHECK(parse_decimal("100", 100) == 100U);
    CHECK_FALSE(parse_decimal("101", 100));
    CHECK_FALSE(parse_decimal("18446744073709551616", kNoLimit));
    CHECK_FALSE(parse_decimal("99999999999999999999", kNoLimit));
    CHECK_FALSE(parse_decimal("000000000000000000001", kNoLimit));
    for (const char* text : {"", " 1", "1 ", "+1", "-1", "1.0", "1e3", "0x1", "1_000", "\xD9\xA1"}) {
        INFO(text);
        CHECK_FALSE(parse_decimal(text, kNoLimit));
    }
}
