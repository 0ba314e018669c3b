// Where to listen: a path, or an address that no stranger can route to.
#include "backend/http/address.hpp"

#include "tests/support/catch.hpp"

using namespace thumbgate;
using thumbgate::test::contains;

TEST_CASE("a path has a slash, or says that it is one") {
    CHECK(std::get<UnixAddress>(*parse_address("run/x.sock")).path == "run/x.sock");
    CHECK(std::get<UnixAddress>(*parse_address("/run/x.sock")).path == "/run/x.sock");
    CHECK(std::get<UnixAddress>(*parse_address("unix:x.sock")).path == "x.sock");
    CHECK(to_string(*parse_address("./x")) == "unix:./x");
}

TEST_CASE("an address is numeric and has a port") {
    const auto v4 = std::get<TcpAddress>(*parse_address("127.0.0.1:8000"));
    CHECK(v4.host == "127.0.0.1");
    CHECK(v4.port == 8000);
    const auto v6 = std::get<TcpAddress>(*parse_address("[fd00::1]:9"));
    CHECK(v6.host == "fd00::1");
    CHECK(v6.is_v6);
    CHECK(to_string(SocketAddress(v6)) == "[fd00::1]:9");
}

TEST_CASE("what is neither is refused, quoted, with what to write instead") {
    for (const char* text :
         {"", "x.sock", "8000", ":8000", "localhost:8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
          "127.0.0.1:+1", "127.1:80", "fd00::1:80", "[fd00::1]", "[]:80", "[x]:80"}) {
        CAPTURE(text);
        const auto address = parse_address(text);
        REQUIRE_FALSE(address);
        CHECK_THAT(address.error(), contains("\"" + std::string(text) + "\""));
        CHECK_THAT(address.error(), contains("127.0.0.1:8000"));
    }
    CHECK_THAT(parse_address("/" + std::string(107, 'x')).error(), contains("longer"));
    CHECK(parse_address("/" + std::string(106, 'x')));
}

TEST_CASE("loopback, RFC 1918 and unique local addresses are private, others are not") {
    const auto is_private_text = [](const char* text) {
        return is_private(std::get<TcpAddress>(*parse_address(text)));
    };
    for (const char* text : {"127.0.0.1:1", "127.255.255.255:1", "10.0.0.1:1", "10.255.0.1:1", "172.16.0.1:1",
                             "172.31.255.255:1", "192.168.1.1:1", "[::1]:1", "[fc00::1]:1", "[fdff::1]:1"}) {
        CAPTURE(text);
        CHECK(is_private_text(text));
    }
    for (const char* text : {"0.0.0.0:1", "8.8.8.8:1", "126.255.255.255:1", "128.0.0.1:1", "11.0.0.1:1", "172.15.0.1:1",
                             "172.32.0.1:1", "192.167.1.1:1", "192.169.1.1:1", "169.254.1.1:1", "[::]:1", "[fe80::1]:1",
                             "[2001:db8::1]:1", "[::ffff:10.0.0.1]:1", "[fe00::1]:1"}) {
        CAPTURE(text);
        CHECK_FALSE(is_private_text(text));
    }
}
