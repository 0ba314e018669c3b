// Times and sizes as people write them, and ids.
#include "backend/units.hpp"

#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace std::chrono_literals;

TEST_CASE("a time is a whole number and a unit") {
    CHECK(parse_duration("500ms") == 500ms);
    CHECK(parse_duration("10s") == 10s);
    CHECK(parse_duration("10") == 10s);
    CHECK(parse_duration("5m") == 5min);
    CHECK(parse_duration("24h") == 24h);
    CHECK(parse_duration("30d") == 720h);
    CHECK(parse_duration("1w") == 168h);
    for (const char* text : {"", "s", "0", "0s", "-1s", "1.5h", "1 h", "h1", "1H", "1hh", "99999999999d", "36601d"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("a size is a whole number and a unit") {
    CHECK(parse_size("1") == 1);
    CHECK(parse_size("10B") == 10);
    CHECK(parse_size("4KiB") == 4096);
    CHECK(parse_size("64MiB") == 67'108'864);
    CHECK(parse_size("2GiB") == 2'147'483'648);
    for (const char* text : {"", "0", "64MB", "64 MiB", "-1", "1.5MiB", "99999999999GiB"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text));
    }
    CHECK(describe_size(64 << 20) == "64 MiB");
    CHECK(describe_size(4 << 10) == "4 KiB");
    CHECK(describe_size(1000) == "1000 bytes");
}

TEST_CASE("ids are random, and nothing else passes for one") {
    CHECK(is_id(new_id()));
    CHECK(new_id() != new_id());
    for (const char* text : {"", "abc", "../../../../../../etc/pass", "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                             "abcdefghijklmnopqrstuvwxy1", "abcdefghijklmnopqrstuvwxyza"}) {
        CHECK_FALSE(is_id(text));
    }
}
