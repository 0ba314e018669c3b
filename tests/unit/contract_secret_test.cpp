// The shared secret: its file, and the keys that are derived from it. Expected values were computed with Node.
#include "contract/secret.hpp"

#include <string>

#include "contract/encoding.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr std::string_view kHex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

std::string error_of(const std::filesystem::path& path) {
    const auto secret = SharedSecret::read_file(path.string());
    return secret ? "" : secret.error();
}

}  // namespace

TEST_CASE("service and cookie keys are derived from the secret by labels of their own") {
    const SharedSecret secret(*hex_decode(kHex));
    const HmacKey service(*hex_decode("c9257dc4262b3bbb8871117acdaa391d056ce365970193670a9256b0edde0378"));
    const HmacKey cookie(*hex_decode("2b7d0355a68ea474cf76f096cd0dc3ca001c474ef8e762e78d29508f648d3ddd"));
    CHECK(secret.service.mac({"x"}) == service.mac({"x"}));
    CHECK(secret.cookie.mac({"x"}) == cookie.mac({"x"}));
}

TEST_CASE("a secret file holds 64 hex digits, with or without an end of line") {
    const TempDir dir;
    const auto path = dir / "secret";
    const SharedSecret expected(*hex_decode(kHex));
    for (const std::string& text : {std::string(kHex), std::string(kHex) + "\n", std::string(kHex) + " \r\n"}) {
        write_file(path, text, 0600);
        const auto secret = SharedSecret::read_file(path.string());
        REQUIRE(secret);
        CHECK(secret->service.mac({"x"}) == expected.service.mac({"x"}));
    }
}

TEST_CASE("any other secret file is refused without showing its content") {
    const TempDir dir;
    const auto path = dir / "secret";
    for (const std::string& text :
         {std::string(), std::string("\n"), std::string(kHex.substr(2)), std::string(kHex) + "00",
          " " + std::string(kHex), std::string(kHex.substr(1)) + "g", std::string(32, 'x')}) {
        write_file(path, text, 0600);
        const std::string error = error_of(path);
        CHECK_THAT(error, contains(path.string()) && contains("64 hex digits"));
        CHECK(error.find("0a0b0c") == std::string::npos);
    }
    write_file(path, kHex, 0644);
    CHECK_THAT(error_of(path), contains("chmod 600"));
    CHECK_THAT(error_of(dir / "absent"), contains("absent"));
}

TEST_CASE("wiping overwrites every byte") {
    std::string text = "secret";
    wipe(text);
    CHECK(text == std::string(6, '\0'));
}
