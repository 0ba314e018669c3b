// Reloads, a binary upgrade and kills under load: what must go on does, and what must stay stays.
//
// Short runs by default; THUMBGATE_SURVIVAL=200 makes it so many reloads and so many kills.
#include <cstdlib>
#include <random>

#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"
#include "tests/support/load.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate::test;
using Outcome = Load::Outcome;

namespace {

constexpr unsigned kClients = 4;
constexpr size_t kPictures = 200;

int times(int by_default) {
    const char* text = std::getenv("THUMBGATE_SURVIVAL");
    return text != nullptr ? std::atoi(text) : by_default;
}

std::string path_of(size_t number) {
    return "/w:" + std::to_string(number % kPictures + 1) + "/plain/photo://a";
}

std::string body_of(size_t number) {
    return "/thumb/w:" + std::to_string(number % kPictures + 1) + "/accept:base/plain/photo://a";
}

// What is asked for is in memory, on disk or nowhere yet, by turns.
Load::Client client_of(const Nginx& edge) {
    std::vector<std::string> urls;
    for (size_t i = 0; i < kPictures; ++i) urls.push_back(signed_url(path_of(i)));
    return [port = edge.port(), urls](unsigned thread, size_t number) {
        std::mt19937_64 random(thread * 1'000'003ULL + number);
        const size_t picture = random() % kPictures;
        const Response response = get_once(port, urls[picture]);
        if (response.status == 200) return response.body == body_of(picture) ? Outcome::right : Outcome::wrong;
        return Outcome::failed;
    };
}

NginxConf conf_of(const Origin& origin) {
    NginxConf conf = edge_conf(origin, {.http = "thumb_hot_zone hot:4m; access_log off;"
                                                "thumb_limit_zone $arg_client zone=per_client:1m rate=1r/m;",
                                        .thumbnails = "thumb_hot hot;",
                                        .locations = "location = /metrics { thumb_metrics; }"
                                                     "location /api/ { thumb_limit zone=per_client burst=1;"
                                                     " proxy_pass http://thumbgated$thumb_backend_uri; }",
                                        .workers = 2});
    return conf;
}

constexpr const char* kUri = "location / { default_type image/webp; return 200 $request_uri; }";

// A client that has used up its limit, and a picture that is in memory.
void use_up_limit(const Nginx& edge) {
    for (int i = 0; i < 2; ++i) REQUIRE(edge.get("/api/x?client=a").status == 200);
    REQUIRE(edge.get("/api/x?client=a").status == 429);
}

void make_hot(const Nginx& edge) {
    REQUIRE(wait_until(20s, [&] { return edge.get(signed_url(path_of(0))).header("x-cache") == "HOT"; }));
}

}  // namespace

TEST_CASE("reloads under load fail no request, and keep limits and the hot cache") {
    const Origin origin(kUri);
    Nginx edge(conf_of(origin));
    use_up_limit(edge);
    make_hot(edge);
    {
        Load load(kClients, client_of(edge));
        for (int i = 0; i < times(15); ++i) edge.reload();
        load.stop();
        WARN(load.right() << " requests, the slowest " << load.slowest().count() << " ms");
        CHECK(load.failed() == 0);
        CHECK(load.wrong() == 0);
        CHECK(load.right() > 100);
    }
    CHECK(edge.get("/api/x?client=a").status == 429);
    CHECK(edge.get(signed_url(path_of(0))).header("x-cache") == "HOT");
}

TEST_CASE("a binary upgrade under load fails no request") {
    const Origin origin(kUri);
    NginxConf conf = conf_of(origin);
    conf.daemon = true;
    Nginx edge(conf);
    make_hot(edge);
    Load load(kClients, client_of(edge));
    edge.upgrade();
    load.stop();
    CHECK(load.failed() == 0);
    CHECK(load.wrong() == 0);
    CHECK(load.right() > 0);
    // Its memory is new, its disk cache is not.
    CHECK(wait_until(20s, [&] { return edge.get(signed_url(path_of(0))).header("x-cache") == "HOT"; }));
}

TEST_CASE("workers that are killed under load take no other request with them, and no body is wrong") {
    const Origin origin(kUri);
    Nginx edge(conf_of(origin));
    edge.expect_log("exited on signal 9");
    Load load(kClients, client_of(edge));
    std::mt19937_64 random(7);
    for (int i = 0; i < times(10); ++i) {
        edge.kill_worker(random() % 2);
        std::this_thread::sleep_for(milliseconds(random() % 50));
    }
    load.stop();
    WARN(load.right() << " requests right, " << load.failed() << " cut off, the slowest " << load.slowest().count()
                      << " ms");
    CHECK(load.wrong() == 0);
    CHECK(load.right() > load.failed());
    CHECK(load.slowest() < 20s);
    CHECK(edge.get(signed_url(path_of(1))).body == body_of(1));
}
