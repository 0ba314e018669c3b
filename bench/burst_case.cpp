// Fifty clients ask for a thumbnail that nobody has yet: how long the one in the middle waits, and how often the origin
// is asked. The peer is nginx's own proxy_cache_lock.
#include <fmt/format.h>

#include <algorithm>

#include "bench/burst.hpp"
#include "bench/cases.hpp"
#include "bench/slow_origin.hpp"
#include "tests/support/keys.hpp"

namespace thumbgate::bench {

using namespace thumbgate::test;

namespace {

constexpr int kClients = 50;
constexpr int kWorkers = 2;
constexpr std::size_t kBody = 12 * 1024;

constexpr const char* kCache = "proxy_cache_path cache keys_zone=thumbs:4m; thumb_hot_zone hot:16m; thumb_keys keys;";
constexpr const char* kLocation = R"(location /t/ {
    thumb_signature on;
    proxy_cache thumbs;
    proxy_cache_key $thumb_cache_key;
    proxy_cache_valid 200 1d;
    proxy_pass http://origin$thumb_backend_uri;
    @more@
})";

// Connections are spread over the workers by the kernel, as reuseport does.
NginxConf edge_conf_with(const SlowOrigin& origin, const Port& port, const std::string& more) {
    return {.http = kCache + origin.upstream() + "server { listen 127.0.0.1:" + std::to_string(port.number()) +
                    " reuseport;\n" + replace_all(kLocation, "@more@", more) + "}\n",
            .files = {{"keys", std::string(kKeyFile)}},
            .workers = kWorkers};
}

struct Answer {
    std::vector<double> waited_ms;
    std::vector<double> requests;  // to the origin, a burst
};

class Side {
  public:
    Side(std::chrono::milliseconds delay, const std::string& more)
        : origin_(delay, std::string(kBody, 'x')), nginx_(edge_conf_with(origin_, port_, more)) {}

    // Each burst asks for what none before it has asked for.
    void burst_once(int number) {
        const int before = origin_.requests();
        const std::string link = signed_url("/w:320/plain/photo://burst" + std::to_string(number));
        const auto waited = burst(port_.number(), link, kClients);
        answer_.waited_ms.insert(answer_.waited_ms.end(), waited.begin(), waited.end());
        answer_.requests.push_back(origin_.requests() - before);
    }
    double median_ms() const { return median(answer_.waited_ms); }
    double most_requests() const { return std::ranges::max(answer_.requests); }

  private:
    SlowOrigin origin_;
    Port port_;
    Nginx nginx_;
    Answer answer_;
};

void add_rows(Context& context, std::chrono::milliseconds delay, Rows& rows) {
    Side ours(delay, "thumb_hot hot; thumb_coalesce on;");
    Side peer(delay, "proxy_cache_lock on;");
    for (int i = 0; i < context.plan().bursts; ++i) {
        ours.burst_once(i);
        peer.burst_once(i);
    }
    const std::string name = fmt::format("cold burst, origin {} ms", delay.count());
    rows.push_back({name + ", median", ours.median_ms(), peer.median_ms(), "ms"});
    rows.push_back({name + ", asked", ours.most_requests(), peer.most_requests(), "origin requests a burst"});
}

}  // namespace

Rows cold_bursts(Context& context) {
    Rows rows;
    for (const int delay_ms : {50, 200}) add_rows(context, std::chrono::milliseconds(delay_ms), rows);
    return rows;
}

}  // namespace thumbgate::bench
