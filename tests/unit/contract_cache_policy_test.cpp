// What a link allows caches to do.
#include "contract/cache_policy.hpp"

#include "tests/support/catch.hpp"

using namespace thumbgate;

namespace {

Options ending(std::uint64_t expires) {
    Options link;
    link.expires = expires;
    return link;
}

}  // namespace

TEST_CASE("a link that never expires may be cached as long as is configured") {
    CHECK(cache_control(ending(0), 1'700'000'000, 2'592'000) == "public, max-age=2592000");
    CHECK(cache_control(ending(0), 0, 0) == "public, max-age=0");
}

TEST_CASE("an interim is kept by nobody for longer than its own seconds, whatever the link") {
    CHECK(cache_control(ending(0), 1000, 600, 2) == "public, max-age=2, s-maxage=2");
    CHECK(cache_control(ending(0), 1000, 1, 2) == "public, max-age=1, s-maxage=1");
    CHECK(cache_control(ending(1060), 1000, 600, 2) == "public, max-age=2, s-maxage=2, must-revalidate");
    CHECK(cache_control(ending(1001), 1000, 600, 2) == "public, max-age=1, s-maxage=1, must-revalidate");
    Options revocable = ending(1060);
    revocable.link_id = "a";
    CHECK(cache_control(revocable, 1000, 600, 2) == "public, no-cache");
    revocable.session = "b";
    CHECK(cache_control(revocable, 1000, 600, 2) == "private, no-cache");
}

TEST_CASE("a link that expires is cached no longer than it lives") {
    CHECK(cache_control(ending(1060), 1000, 600) == "public, max-age=60, s-maxage=60, must-revalidate");
    CHECK(cache_control(ending(1001), 1000, 600) == "public, max-age=1, s-maxage=1, must-revalidate");
}

TEST_CASE("nor longer than is configured") {
    CHECK(cache_control(ending(9000), 1000, 600) == "public, max-age=600, s-maxage=600, must-revalidate");
    CHECK(cache_control(ending(INT64_MAX), 1000, 600) == "public, max-age=600, s-maxage=600, must-revalidate");
}

TEST_CASE("in its last second, and after it, a link is not cached at all") {
    CHECK(cache_control(ending(1000), 1000, 600) == "public, max-age=0, s-maxage=0, must-revalidate");
    CHECK(cache_control(ending(999), 1000, 600) == "public, max-age=0, s-maxage=0, must-revalidate");
}

TEST_CASE("a link that expires is never served stale") {
    for (const std::uint64_t expires : {1, 1000, 5000}) {
        CHECK(cache_control(ending(expires), 1000, 600).find("must-revalidate") != std::string::npos);
        CHECK(cache_control(ending(expires), 1000, 600).find("stale") == std::string::npos);
    }
}

TEST_CASE("a link that can be revoked is asked for anew each time, and one for a session is kept by no shared cache") {
    Options link = ending(9000);
    link.link_id = "a-link";
    CHECK(cache_control(link, 1000, 600) == "public, no-cache");
    link.session = "0123456789abcdef0123456789abcdef";
    CHECK(cache_control(link, 1000, 600) == "private, no-cache");
    link.link_id.clear();
    CHECK(cache_control(link, 1000, 600) == "private, no-cache");
}
