#include "backend/client_address.hpp"

#include "tests/support/catch.hpp"

using thumbgate::client_network;

TEST_CASE("a client counts by its /64 where it is IPv6, and as itself where it is IPv4, in either notation") {
    CHECK(client_network("192.0.2.1") == "192.0.2.1");
    CHECK(client_network("::ffff:192.0.2.1") == "192.0.2.1");
    CHECK(client_network("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
    CHECK(client_network("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64");
    CHECK(client_network("2001:db8:1:3::1") == "2001:db8:1:3::/64");
}

TEST_CASE("what is no address has no network") {
    for (const char* text : {"", "unix:", "readiness", "192.0.2", "192.0.2.1, 192.0.2.2"}) {
        CHECK_FALSE(client_network(text));
    }
}
