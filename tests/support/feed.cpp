#include "tests/support/feed.hpp"

#include <chrono>

#include "contract/control_feed.hpp"
#include "contract/secret.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/prometheus.hpp"

namespace thumbgate::test {
namespace {

void send(const Redis& redis, const FeedEvent& event) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    for (const auto& command : announce(event, static_cast<std::uint64_t>(ms))) {
        const std::string answer = redis.command(command);
        if (answer.contains("ERR")) FAIL("Redis refuses " << command.front() << ": " << answer);
    }
}

}  // namespace

FollowingEdge::FollowingEdge(const Origin& origin, EdgeConf conf)
    : edge([&] {
          conf.http += "thumb_feed unix:" + redis.socket().string() + " state=feed.state;";
          return edge_conf(origin, conf);
      }()) {
    if (!wait_until(20s, [&] { return edge.error_log().contains("control feed: following"); })) {
        FAIL("the edge does not follow the feed:\n" << edge.error_log());
    }
}

Headers cookie_of(const SessionToken& token) {
    const TempDir dir;
    write_file(dir / "secret", kSecret, 0600);
    const auto secret = SharedSecret::read_file(dir / "secret");
    return {{"Cookie", "thumbgate=" + encode_session_token(secret->cookie, token)}};
}

NginxConf feed_conf(const Origin& origin, const std::filesystem::path& redis, int workers) {
    return edge_conf(origin, {.http = "thumb_hot_zone hot:4m;"
                                      "thumb_feed unix:" +
                                      redis.string() + " state=feed.state;",
                              .thumbnails = "thumb_hot hot;",
                              .locations = "location = /metrics { thumb_metrics; }",
                              .workers = workers});
}

void announce_purge(const Redis& redis, const std::string& source) {
    send(redis, {FeedEventKind::purge, source, 0});
}

void announce_begin(const Redis& redis) {
    send(redis, {FeedEventKind::begin, "", 0});
}

void announce_revoked_link(const Redis& redis, const std::string& lid, std::uint64_t expires) {
    send(redis, {FeedEventKind::revoke_link, lid, expires});
}

void announce_ended_session(const Redis& redis, const std::string& hash, std::uint64_t expires) {
    send(redis, {FeedEventKind::end_session, hash, expires});
}

double feed_metric(const Nginx& edge, const std::string& name) {
    return metric(edge.get("/metrics").body, "thumbgate_edge_feed_" + name);
}

void wait_until_following(const Nginx& edge) {
    if (!wait_until(20s, [&] { return feed_metric(edge, "connected") == 1; })) {
        FAIL("the edge does not follow the feed:\n" << edge.error_log());
    }
}

Response get_cached(const Nginx& edge, const std::string& url) {
    Response response;
    const bool cached = wait_until(20s, [&] {
        response = edge.get(url);
        return response.header("x-cache") == "HIT" || response.header("x-cache") == "HOT";
    });
    if (!cached) FAIL("no cache answers " << url << ": " << response);
    return response;
}

}  // namespace thumbgate::test
