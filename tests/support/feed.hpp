// Announcing on the control feed as the backend does, and edges that follow it.
#pragma once

#include <string>

#include "contract/session_cookie.hpp"
#include "tests/support/edge.hpp"
#include "tests/support/redis.hpp"

namespace thumbgate::test {

inline constexpr const char* kHotBody =
    "location / { add_header ETag '\"abc\"'; default_type image/webp; return 200 \"$request_uri $msec $request_id\"; }";

// An edge that follows a feed of its own, and so serves links that can be revoked.
struct FollowingEdge {
    Redis redis;
    Nginx edge;
    explicit FollowingEdge(const Origin& origin, EdgeConf conf = {});
};

// The Cookie header of that session, by the edge's own secret.
Headers cookie_of(const SessionToken& token);

// An edge with hot cache and disk cache that follows the feed at `redis`, a unix socket.
NginxConf feed_conf(const Origin& origin, const std::filesystem::path& redis, int workers = 1);

void announce_purge(const Redis& redis, const std::string& source);
void announce_begin(const Redis& redis);
// `revoked_lid` and `ended_session` until then, in unix seconds.
void announce_revoked_link(const Redis& redis, const std::string& lid, std::uint64_t expires);
void announce_ended_session(const Redis& redis, const std::string& hash, std::uint64_t expires);

// thumbgate_edge_feed_NAME.
double feed_metric(const Nginx& edge, const std::string& name);
// Fails the test when the edge does not follow the feed within 20 s.
void wait_until_following(const Nginx& edge);
// Repeats a request until a cache answers.
Response get_cached(const Nginx& edge, const std::string& url);

}  // namespace thumbgate::test
