// Under churn, evictions, purges of the disk's copy and several workers, every body that the hot cache sends is whole
// and the right one: each is compared byte for byte with what its URL says it is.
//
// A short run by default; THUMBGATE_CHURN=20000000 makes it that many hot responses.
#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"
#include "tests/support/sockets.hpp"

using namespace thumbgate::test;

namespace {

constexpr size_t kObjects = 4000;
constexpr size_t kPipelined = 16;
constexpr size_t kConnections = 4;

// A body is its own URI, over and over: 1, 8, 64 or 512 times, by the object's number.
constexpr const char* kEchoes = R"(
    set $once "$request_uri|";
    set $eight "$once$once$once$once$once$once$once$once";
    set $many "$eight$eight$eight$eight$eight$eight$eight$eight";
    default_type image/webp;
    location ~ /w:[0-9]*0/ { return 200 "$once"; }
    location ~ /w:[0-9]*[1-6]/ { return 200 "$eight"; }
    location ~ /w:[0-9]*[78]/ { return 200 "$many"; }
    location / { return 200 "$many$many$many$many$many$many$many$many"; })";

size_t repeats(size_t number) {
    const size_t digit = number % 10;
    return digit == 0 ? 1 : digit <= 6 ? 8 : digit <= 8 ? 64 : 512;
}

struct Object {
    std::string request;
    std::string body;
};

std::vector<Object> objects() {
    std::vector<Object> all;
    for (size_t number = 1; number <= kObjects; ++number) {
        const std::string path = "/w:" + std::to_string(number) + "/plain/photo://a";
        const std::string once = "/thumb/w:" + std::to_string(number) + "/accept:base/plain/photo://a|";
        Object object{"GET " + signed_url(path) + " HTTP/1.1\r\nHost: a\r\n\r\n", {}};
        for (size_t i = 0; i < repeats(number); ++i) object.body += once;
        all.push_back(std::move(object));
    }
    return all;
}

size_t wanted() {
    const char* text = std::getenv("THUMBGATE_CHURN");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : 60'000;
}

struct Tally {
    std::atomic<size_t> hot = 0;
    std::atomic<size_t> all = 0;
    std::atomic<size_t> wrong = 0;
};

// Skewed, so that there are hits as well as evictions.
size_t choose(std::mt19937_64& random) {
    const double uniform = std::uniform_real_distribution<>(0, 1)(random);
    return static_cast<size_t>(static_cast<double>(kObjects) * uniform * uniform * uniform);
}

// False: the connection is of no more use.
bool exchange(RawConnection& connection, const std::vector<Object>& objects, std::mt19937_64& random, Tally& tally) {
    std::vector<const Object*> asked;
    std::string requests;
    for (size_t i = 0; i < kPipelined; ++i) {
        asked.push_back(&objects[choose(random)]);
        requests += asked.back()->request;
    }
    if (!connection.send(requests)) return false;
    for (const Object* object : asked) {
        const std::string head = connection.read_until("\r\n\r\n", 20s);
        if (!head.starts_with("HTTP/1.1 200")) return false;
        const bool right = connection.read_bytes(object->body.size(), 20s) == object->body;
        tally.wrong += right ? 0 : 1;
        ++tally.all;
        if (head.contains("X-Cache: HOT")) ++tally.hot;
        if (!right) return false;
    }
    // nginx ends a connection after keepalive_requests.
    return true;
}

void ask(const Nginx& edge, const std::vector<Object>& objects, unsigned seed, size_t until, Tally& tally) {
    std::mt19937_64 random(seed);
    while (tally.hot < until && tally.wrong == 0) {
        RawConnection connection(Endpoint{.port = edge.port()});
        while (tally.hot < until && exchange(connection, objects, random, tally)) {
        }
    }
}

}  // namespace

TEST_CASE("under churn and evictions every hot body is whole and the right one") {
    const Origin origin(kEchoes);
    const Nginx edge(edge_conf(origin, {.http = "thumb_hot_zone hot:4m max_object=32k; access_log off;"
                                                "keepalive_requests 1000000000; keepalive_time 1h;",
                                        .thumbnails = "thumb_hot hot;",
                                        .workers = 2}));
    const std::vector<Object> all = objects();
    Tally tally;
    std::vector<std::thread> clients;
    for (unsigned i = 0; i < kConnections; ++i) {
        clients.emplace_back([&, i] { ask(edge, all, i, wanted(), tally); });
    }
    for (std::thread& client : clients) client.join();
    WARN(tally.hot << " hot responses of " << tally.all << ", " << tally.wrong << " wrong");
    CHECK(tally.wrong == 0);
    CHECK(tally.hot >= wanted());
    CHECK(tally.all > tally.hot);
}
