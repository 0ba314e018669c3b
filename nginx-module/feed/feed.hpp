// The control feed: one worker follows a Redis stream in nginx's event loop, and what it learns is in force in all
// workers at once: purges (as generations in the cache key), revoked links and ended sessions. Without Redis the last
// known state is served, and its age is a metric.
#pragma once

#include <prometheus/metric_family.h>

#include <span>
#include <vector>

#include "nginx-module/conf.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

std::span<const ngx_command_t> feed_directives();

// In each worker as it starts and ends.
void attach_feed(ngx_cycle_t* cycle, const FeedMainConf& conf);
void detach_feed(const FeedMainConf& conf);

// What the feed adds to the cache key of that source's thumbnails: it changes with every purge.
std::string cache_generation(const FeedMainConf& conf, std::string_view source);

// Whether it is known which links and sessions do not count any more. Never, where no feed is followed.
bool knows_revocations(const FeedMainConf& conf);
// `event`: a revoked link or an ended session; when it expires does not matter.
bool is_revoked(const FeedMainConf& conf, const FeedEvent& event);

std::vector<prometheus::MetricFamily> feed_metrics(const FeedMainConf& conf);

}  // namespace thumbgate::edge
