// Content-Digest as RFC 9530 writes it.
#include "backend/http/content_digest.hpp"

#include "contract/encoding.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;

namespace {

// Of "{"hello": "world"}" and a line feed, from the RFC.
constexpr const char* kDigest = "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=";
constexpr const char* kHex = "44aff4ab2d7c3250525675a08f0cfa9591168cffe51791c5f5bbc417c15a6c38";

}  // namespace

TEST_CASE("the SHA-256 of a Content-Digest is taken, and other algorithms are passed over") {
    const std::string sha256 = std::string("sha-256=:") + kDigest + ":";
    for (const std::string& value : {sha256, " " + sha256 + " ", "sha-512=:AAAA:, " + sha256,
                                     sha256 + ",\tunixsum=::", "sha-256=:" + std::string(43, 'A') + "=:, " + sha256}) {
        INFO(value);
        const auto digest = parse_content_digest(value);
        REQUIRE(digest);
        CHECK(*digest == kHex);
    }
    for (const char* value : {"", " ", "sha-512=:AAAA:", "md5=::"}) {
        const auto digest = parse_content_digest(value);
        REQUIRE(digest);
        CHECK_FALSE(*digest);
    }
}

TEST_CASE("a Content-Digest that is not written as one is refused") {
    const std::string digest = kDigest;
    for (const std::string& value :
         {std::string("sha-256"), std::string("sha-256="), "sha-256=" + digest, "sha-256=:" + digest,
          "sha-256=:" + digest + ":,", "sha-256=:" + digest + ": x", ",sha-256=:" + digest + ":",
          "sha-256=:" + digest.substr(0, 43) + ":", std::string("sha-256=:AAAA:"), std::string("sha-256=::"),
          "SHA-256=:" + digest + ":", std::string("sha-256=:RK-0qy18MlBSVnWgjwz6lZEWjP_lF5HF9bvEF8FabDg=:"),
          "sha-256=:" + digest + ":;q=1", std::string("sha-512=1")}) {
        INFO(value);
        const auto parsed = parse_content_digest(value);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().status == 400);
        CHECK(parsed.error().code == "malformed_digest");
    }
}
