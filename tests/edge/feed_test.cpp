// What is announced on the control feed is in force on every edge, whatever happens to edge and Redis meanwhile.
#include <ctime>
#include <fstream>

#include "tests/support/bad_wire.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/feed.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate::test;

namespace {

const std::string kSmall = "/w:1/plain/photo://a";
const std::string kLarge = "/w:2/f:png/plain/photo://a";
const std::string kOther = "/w:1/plain/photo://b";

// Of one photo, whatever it was cached for is gone: the next answer is made anew.
bool is_purged(const Nginx& edge, const std::string& path, const std::string& old_body) {
    return wait_until(10s, [&] { return edge.get(signed_url(path)).body != old_body; });
}

struct Fixture {
    Origin origin{kHotBody};
    Redis redis;
    Fixture() { announce_begin(redis); }
};

}  // namespace

TEST_CASE("a purge takes every size and format of a photo in both tiers, and nothing else") {
    const Fixture f;
    const Nginx edge(feed_conf(f.origin, f.redis.socket(), 2));
    wait_until_following(edge);
    const std::string small = get_cached(edge, signed_url(kSmall)).body;
    const std::string large = get_cached(edge, signed_url(kLarge)).body;
    const std::string other = get_cached(edge, signed_url(kOther)).body;
    announce_purge(f.redis, "a");
    CHECK(is_purged(edge, kSmall, small));
    CHECK(is_purged(edge, kLarge, large));
    CHECK(edge.get(signed_url(kOther)).body == other);
    CHECK(feed_metric(edge, "purged_sources") == 1);
    CHECK(feed_metric(edge, "lag_seconds") < 1);
    announce_purge(f.redis, "local:///elsewhere/b");
    CHECK(edge.get(signed_url(kOther)).body == other);
}

TEST_CASE("a photo can be purged again and again") {
    const Fixture f;
    const Nginx edge(feed_conf(f.origin, f.redis.socket()));
    wait_until_following(edge);
    for (int i = 0; i < 3; ++i) {
        const std::string body = get_cached(edge, signed_url(kSmall)).body;
        announce_purge(f.redis, "a");
        REQUIRE(is_purged(edge, kSmall, body));
    }
}

TEST_CASE("an edge that restarts keeps its cache, and what was purged while it was away stays purged") {
    const Fixture f;
    Nginx edge(feed_conf(f.origin, f.redis.socket()));
    wait_until_following(edge);
    announce_purge(f.redis, "c");
    REQUIRE(wait_until(10s, [&] { return feed_metric(edge, "purged_sources") == 1; }));
    const std::string small = get_cached(edge, signed_url(kSmall)).body;
    const std::string other = get_cached(edge, signed_url(kOther)).body;
    SECTION("quit") {
        edge.quit();
    }
    SECTION("killed") {
        edge.kill();
    }
    announce_purge(f.redis, "a");
    edge.start();
    wait_until_following(edge);
    CHECK(is_purged(edge, kSmall, small));
    CHECK(edge.get(signed_url(kOther)).body == other);
    CHECK(feed_metric(edge, "epochs_total") == 0);
    CHECK(feed_metric(edge, "purged_sources") == 2);
}

TEST_CASE("purges stay in force while Redis is away, over a restart of the edge too") {
    Fixture f;
    Nginx edge(feed_conf(f.origin, f.redis.socket()));
    wait_until_following(edge);
    const std::string small = get_cached(edge, signed_url(kSmall)).body;
    const std::string other = get_cached(edge, signed_url(kOther)).body;
    announce_purge(f.redis, "a");
    REQUIRE(is_purged(edge, kSmall, small));
    const std::string again = get_cached(edge, signed_url(kSmall)).body;
    f.redis.kill();
    CHECK(edge.get(signed_url(kSmall)).body == again);
    edge.quit();
    edge.start();
    CHECK(edge.get(signed_url(kSmall)).body == again);
    CHECK(edge.get(signed_url(kOther)).body == other);
    CHECK(feed_metric(edge, "connected") == 0);
}

TEST_CASE("an edge that cannot prove that it missed nothing starts its cache anew") {
    Fixture f;
    Nginx edge(feed_conf(f.origin, f.redis.socket()));
    wait_until_following(edge);
    announce_purge(f.redis, "c");
    REQUIRE(wait_until(10s, [&] { return feed_metric(edge, "purged_sources") == 1; }));
    const std::string other = get_cached(edge, signed_url(kOther)).body;
    SECTION("the feed was trimmed past its place while it was away") {
        edge.quit();
        for (int i = 0; i < 3; ++i) announce_purge(f.redis, "d");
        f.redis.command({"XTRIM", "thumbgate:feed", "MAXLEN", "1"});
        edge.start();
    }
    SECTION("Redis lost the feed") {
        f.redis.command({"FLUSHALL"});
        f.redis.restart();
    }
    SECTION("its state is gone") {
        edge.quit();
        std::filesystem::remove(edge / "feed.state");
        edge.start();
    }
    SECTION("its state is damaged") {
        edge.quit();
        std::ofstream(edge / "feed.state") << "thumbgate-feed 1 nonsense\n";
        edge.start();
    }
    CHECK(wait_until(20s, [&] { return edge.get(signed_url(kOther)).body != other; }));
    wait_until_following(edge);
}

TEST_CASE(
    "on three edges of one Redis a purge, a revocation and an ended session are in force within a second, for good") {
    Fixture f;
    const auto expires = static_cast<std::uint64_t>(std::time(nullptr) + 1000);
    const auto session = thumbgate::new_session_token(expires);
    const std::string link = signed_url("/lid:leak/exp:" + std::to_string(expires) + kOther);
    const std::string bound = signed_url("/sid:" + session.hash() + kOther);
    std::array<std::unique_ptr<Nginx>, 3> edges;
    std::array<std::string, 3> bodies;
    for (size_t i = 0; i < edges.size(); ++i) {
        edges[i] = std::make_unique<Nginx>(feed_conf(f.origin, f.redis.socket()));
        wait_until_following(*edges[i]);
        bodies[i] = get_cached(*edges[i], signed_url(kSmall)).body;
        REQUIRE(edges[i]->get(link).status == 200);
        REQUIRE(edges[i]->get(bound, cookie_of(session)).status == 200);
    }
    const auto in_force_at = [&](size_t i) {
        return edges[i]->get(signed_url(kSmall)).body != bodies[i] && edges[i]->get(link).status == 410 &&
               edges[i]->get(bound, cookie_of(session)).status == 403;
    };
    const auto in_force = [&] { return in_force_at(0) && in_force_at(1) && in_force_at(2); };
    announce_purge(f.redis, "a");
    announce_revoked_link(f.redis, "leak", expires);
    announce_ended_session(f.redis, session.hash(), expires);
    CHECK(wait_until(1s, in_force));
    for (const auto& edge : edges) CHECK(feed_metric(*edge, "lag_seconds") < 1);
    SECTION("after an edge restarts") {
        edges[0]->quit();
        edges[0]->start();
        wait_until_following(*edges[0]);
    }
    SECTION("after Redis restarts") {
        f.redis.restart();
    }
    SECTION("after the feed was trimmed past an absent edge") {
        edges[0]->quit();
        for (int i = 0; i < 3; ++i) announce_purge(f.redis, "d");
        f.redis.command({"XTRIM", "thumbgate:feed", "MAXLEN", "1"});
        edges[0]->start();
        wait_until_following(*edges[0]);
    }
    CHECK(in_force());
    for (const auto& edge : edges) wait_until_following(*edge);
    CHECK(in_force());
}

TEST_CASE("whatever Redis does, links are served by what is known, and the feed is followed again when it is well") {
    Fixture f;
    const std::string named = signed_url("/lid:good/exp:4000000000" + kSmall);
    const std::string revoked = signed_url("/lid:bad/exp:4000000000" + kSmall);
    announce_revoked_link(f.redis, "bad", 4000000000);
    const TempDir dir;
    BadWire wire(dir.path() / "redis.sock", f.redis.socket());
    const Nginx edge(feed_conf(f.origin, wire.socket()));
    wait_until_following(edge);
    const std::string small = get_cached(edge, signed_url(kSmall)).body;
    const auto is_lost = [&] {
        CHECK(wait_until(20s, [&] { return feed_metric(edge, "connected") == 0; }));
        CHECK(edge.get(signed_url(kSmall)).body == small);
        CHECK(edge.get(signed_url("/w:7/plain/photo://new")).status == 200);
        CHECK(edge.get(named).status == 200);
        CHECK(edge.get(revoked).status == 410);
        CHECK(wait_until(20s, [&] { return feed_metric(edge, "age_seconds") > 1; }));
    };
    SECTION("killed") {
        f.redis.kill();
        is_lost();
        f.redis.start();
    }
    SECTION("stopped") {
        f.redis.pause();
        is_lost();
        f.redis.resume();
    }
    SECTION("a byte a second") {
        wire.become(BadWire::Quality::slow);
        is_lost();
        wire.become(BadWire::Quality::good);
    }
    SECTION("rubbish") {
        wire.become(BadWire::Quality::rubbish);
        is_lost();
        wire.become(BadWire::Quality::good);
    }
    wait_until_following(edge);
    CHECK(edge.get(signed_url(kSmall)).body == small);
    announce_purge(f.redis, "a");
    CHECK(is_purged(edge, kSmall, small));
    CHECK(feed_metric(edge, "epochs_total") == 1);
}

TEST_CASE("over reloads somebody follows the feed, and no purge is lost") {
    const Fixture f;
    Nginx edge(feed_conf(f.origin, f.redis.socket(), 2));
    wait_until_following(edge);
    for (int i = 0; i < 5; ++i) {
        const std::string body = get_cached(edge, signed_url(kSmall)).body;
        edge.reload();
        announce_purge(f.redis, "a");
        REQUIRE(is_purged(edge, kSmall, body));
    }
    CHECK(feed_metric(edge, "epochs_total") == 1);
    CHECK(feed_metric(edge, "entries_total") == 5);
}

TEST_CASE("a follower that is killed between a purge and its journal loses nothing") {
    const Fixture f;
    NginxConf conf = feed_conf(f.origin, f.redis.socket(), 2);
    conf.faults = true;
    Nginx edge(conf);
    wait_until_following(edge);
    const std::string small = get_cached(edge, signed_url(kSmall)).body;
    const std::string other = get_cached(edge, signed_url(kOther)).body;
    edge.arm_fault("generation-not-persisted");
    announce_purge(f.redis, "a");
    REQUIRE(wait_until(10s, [&] { return edge.fault_happened("generation-not-persisted"); }));
    SECTION("another worker goes on") {}
    SECTION("the whole edge dies") {
        edge.kill();
        edge.start();
    }
    wait_until_following(edge);
    CHECK(is_purged(edge, kSmall, small));
    CHECK(edge.get(signed_url(kOther)).body == other);
    const std::string again = get_cached(edge, signed_url(kSmall)).body;
    edge.quit();
    edge.start();
    CHECK(edge.get(signed_url(kSmall)).body == again);
}

TEST_CASE("a feed needs a state file and an address, and says so") {
    const Origin origin;
    const auto message = [&](const std::string& directive) {
        return check_conf(edge_conf(origin, {.http = directive})).message;
    };
    CHECK_THAT(message("thumb_feed unix:redis.sock;"), contains("thumb_feed needs state=FILE"));
    CHECK_THAT(message("thumb_feed unix:redis.sock state=a size=1k;"), contains("at least 192k, not \"1k\""));
    CHECK_THAT(message("thumb_feed unix:redis.sock state=a colour=red;"), contains("does not take \"colour=red\""));
    CHECK_THAT(message("thumb_feed unix: state=a;"), contains("takes unix:PATH or HOST:PORT, not \"unix:\""));
    CHECK_THAT(message("thumb_feed unix:redis.sock state=keys/;"), contains("cannot read") || contains("not a file"));
}
