// Edges that coalesce, bursts of requests that run while the test goes on, and what the edge says of them.
#pragma once

#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"
#include "tests/support/prometheus.hpp"
#include "tests/support/slow_origin.hpp"

namespace thumbgate::test {

inline constexpr const char* kCoalesceHot = "thumb_hot hot; thumb_coalesce on; thumb_formats avif webp;";
inline constexpr const char* kCoalesceDisk = "thumb_coalesce on;";

inline NginxConf coalescing(const SlowOrigin& origin, const std::string& thumbnails = kCoalesceDisk, int workers = 2,
                            const std::string& http = {}) {
    return edge_conf(origin.upstream(), {.http = "thumb_hot_zone hot:4m;" + http,
                                         .thumbnails = thumbnails,
                                         .locations = "location = /metrics { thumb_metrics; access_log off; }",
                                         .workers = workers});
}

// Requests that run while the test goes on.
class Burst {
  public:
    Burst(const Nginx& edge, size_t clients, const Request& request) {
        for (size_t i = 0; i < clients; ++i) {
            answers_.push_back(std::async(std::launch::async, [&edge, request] { return edge.send(request); }));
        }
    }
    std::vector<Response> responses() {
        std::vector<Response> all;
        for (auto& answer : answers_) all.push_back(answer.get());
        return all;
    }

  private:
    std::vector<std::future<Response>> answers_;
};

inline double waiting(const Nginx& edge) {
    return metric(edge.get("/metrics").body, "thumbgate_edge_coalesce_waiting");
}

inline double coalesced(const Nginx& edge, const std::string& outcome) {
    return metric(edge.get("/metrics").body, "thumbgate_edge_coalesced_total", {{"outcome", outcome}});
}

// A leader is asking, and so many wait for it.
inline void wait_for_waiters(const Nginx& edge, const SlowOrigin& origin, size_t waiters) {
    REQUIRE(
        wait_until(20s, [&] { return !origin.requests().empty() && waiting(edge) == static_cast<double>(waiters); }));
}

inline size_t count_status(const std::vector<Response>& responses, int status) {
    return static_cast<size_t>(std::ranges::count(responses, status, &Response::status));
}

}  // namespace thumbgate::test
