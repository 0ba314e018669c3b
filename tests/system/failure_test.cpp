// What each part's death costs, and what it does not.
#include <future>

#include "tests/support/catch.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

// A chain with one photo, one of whose thumbnails is cached.
struct Chain {
    Stack stack;
    CookieJar jar;
    Uploaded photo;
    std::string cached;

    explicit Chain(const StackOptions& options = {}) : stack(options) {
        photo = stack.upload(photos::storm(), &jar);
        cached = photo.thumbnails.at(320);
        stack.get_cached(cached);
        stack.edge().expect_log("[error]");
    }
    int thumbnail(int width) { return stack.get(stack.thumbnail(photo.id, "/w:" + std::to_string(width))).status; }
    bool cached_is_served() { return is_from_cache(stack.get(cached)); }
    void check_api_is_503_in_time() {
        const Response response = stack.get("/api/photos", {}, &jar);
        INFO(response);
        CHECK(response.status == 503);
        CHECK(response.header("content-type") == "application/problem+json");
        CHECK(response.headers.has("retry-after"));
    }
};

}  // namespace

TEST_CASE("without Redis thumbnails go on, cached or not, and the API says 503 within a second") {
    Chain chain;
    const auto without_redis = [&](int width) {
        const auto start = std::chrono::steady_clock::now();
        chain.check_api_is_503_in_time();
        CHECK(std::chrono::steady_clock::now() - start < 1s);
        CHECK(chain.cached_is_served());
        CHECK(chain.thumbnail(width) == 200);
    };
    SECTION("killed") {
        chain.stack.redis().settle();
        chain.stack.redis().kill();
        without_redis(201);
        chain.stack.redis().start();
    }
    SECTION("stopped") {
        chain.stack.redis().pause();
        without_redis(202);
        without_redis(203);
        chain.stack.redis().resume();
    }
    Response last;
    const bool is_back = wait_until(5s, [&] {
        last = chain.stack.get("/api/photos", {}, &chain.jar);
        return last.status == 200;
    });
    INFO(last);
    CHECK(is_back);
    CHECK(chain.stack.backend_metric("thumbgate_backend_redis_up") == 1);
}

TEST_CASE("without thumbgated cached thumbnails are served and the API says 503") {
    Chain chain;
    SECTION("killed") {
        chain.stack.backend().kill();
        CHECK(chain.cached_is_served());
        chain.check_api_is_503_in_time();
        CHECK(chain.thumbnail(204) >= 500);
        chain.stack.backend().start();
    }
    SECTION("stopped") {
        chain.stack.backend().pause();
        CHECK(chain.cached_is_served());
        chain.check_api_is_503_in_time();
        chain.stack.backend().resume();
    }
    CHECK(wait_until(5s, [&] { return chain.stack.get("/api/photos", {}, &chain.jar).status == 200; }));
    CHECK(chain.thumbnail(205) == 200);
}

TEST_CASE("an acknowledged upload is there after every process was killed") {
    Chain chain;
    chain.stack.redis().settle();
    chain.stack.redis().kill();
    chain.stack.backend().kill();
    chain.stack.redis().start();
    chain.stack.backend().start();
    CHECK(wait_until(5s, [&] { return chain.stack.get("/api/photos", {}, &chain.jar).status == 200; }));
    const auto listed = parse_json(chain.stack.get("/api/photos", {}, &chain.jar).body).at("photos").as_array();
    REQUIRE(listed.size() == 1);
    CHECK(photo_in(listed[0]).id == chain.photo.id);
    CHECK(chain.thumbnail(206) == 200);
}

TEST_CASE("a converter that is killed in mid-conversion costs at most its own request, and the next is fine") {
    Chain chain({.thumbgated_flags = {"--converters", "1"}});
    const Uploaded large = chain.stack.upload(photos::large(), &chain.jar);
    for (int round = 0; round < 5; ++round) {
        auto pending = std::async(std::launch::async, [&] {
            return chain.stack.get(chain.stack.thumbnail(large.id, "/w:" + std::to_string(1900 + round) + "/f:png"))
                .status;
        });
        REQUIRE(wait_until(5s, [&] { return chain.stack.backend_metric("thumbgate_backend_converters_busy") > 0; }));
        chain.stack.backend().kill_converter();
        const int status = pending.get();
        CHECK((status == 200 || status >= 500));
        CHECK(chain.thumbnail(300 + round) == 200);
    }
    CHECK(chain.stack.backend().converter_pids().size() == 2);  // one of each group
}

TEST_CASE("a drain finishes what was begun") {
    Chain chain;
    const Uploaded large = chain.stack.upload(photos::large(), &chain.jar);
    auto pending = std::async(std::launch::async,
                              [&] { return chain.stack.get(chain.stack.thumbnail(large.id, "/w:1800/f:png")).status; });
    REQUIRE(wait_until(5s, [&] { return chain.stack.backend_metric("thumbgate_backend_converters_busy") > 0; }));
    chain.stack.drain_backend();
    CHECK(pending.get() == 200);
    CHECK(chain.cached_is_served());
}
