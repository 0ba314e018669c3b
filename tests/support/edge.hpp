// An edge in front of an origin: the module's usual configuration, for tests of the module alone.
#pragma once

#include <string>

#include "tests/support/keys.hpp"
#include "tests/support/nginx.hpp"
#include "tests/support/origin.hpp"

namespace thumbgate::test {

// What a test's location adds or changes: directives for http{}, for the location /t/, and further locations.
struct EdgeConf {
    std::string http = {};
    std::string thumbnails = "thumb_formats avif webp;";
    std::string locations = {};
    std::string keys = std::string(kKeyFile);
    int workers = 1;
};

// `upstream`: the block that says where "thumbgated" is.
inline NginxConf edge_conf(const std::string& upstream, const EdgeConf& conf = {}) {
    return {.http =
                "thumb_secret secret; thumb_keys keys; thumb_session_cookie thumbgate;"
                "proxy_cache_path cache keys_zone=thumbs:1m;" +
                upstream + conf.http,
            .server =
                "location /t/ {"
                "  thumb_signature on;"
                "  proxy_cache thumbs; proxy_cache_key $thumb_cache_key; proxy_cache_valid 200 1h;"
                "  proxy_pass http://thumbgated$thumb_backend_uri;"
                "  proxy_set_header Thumb-Auth $thumb_service_auth;"
                "  proxy_set_header Traceparent $thumb_traceparent;" +
                conf.thumbnails + "}" + conf.locations,
            .files = {{"keys", conf.keys}, {"secret", std::string(kSecret)}},
            .workers = conf.workers};
}
inline NginxConf edge_conf(const Origin& origin, const EdgeConf& conf = {}) {
    return edge_conf(origin.upstream(), conf);
}

}  // namespace thumbgate::test
