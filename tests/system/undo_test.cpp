// A deleted photo comes back while there is time, and is gone for good after it.
#include "tests/support/catch.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

Response post(const Stack& stack, const std::string& target, CookieJar* jar) {
    return stack.send({.url = target, .method = "POST", .jar = jar});
}

bool has_original(const Stack& stack) {
    for (const std::string& file : stack.stored_files()) {
        if (file.contains("original")) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("a deleted photo and its links are gone from the edge within a second, and back within one when restored") {
    Stack stack;
    CookieJar jar, other;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    stack.upload(photos::meadow(), &other);
    const std::string thumbnail = photo.thumbnails.at(320);
    stack.get_cached(thumbnail);
    const std::string link = text_at(parse_json(stack
                                                    .send({.url = "/api/photos/" + photo.id + "/links",
                                                           .method = "POST",
                                                           .body = R"({"expires_in": "1h"})",
                                                           .jar = &jar})
                                                    .body),
                                     "url");
    REQUIRE(stack.get(link).status == 200);
    REQUIRE(stack.send({.url = "/api/photos/" + photo.id, .method = "DELETE", .jar = &jar}).status == 204);
    CHECK(wait_until(1s, [&] { return stack.get(thumbnail).status == 404 && stack.get(link).status == 404; }));
    const std::string restore = "/api/photos/" + photo.id + "/restore";
    CHECK(post(stack, restore, &other).status == 404);
    CHECK(post(stack, restore, nullptr).status == 401);
    const Response restored = post(stack, restore, &jar);
    REQUIRE(restored.status == 200);
    CHECK(photo_in(parse_json(restored.body)).id == photo.id);
    CHECK(wait_until(2s, [&] { return stack.get(thumbnail).status == 200 && stack.get(link).status == 200; }));
}

TEST_CASE("when its time is over a deleted photo leaves nothing, whether or not the service lived to see it") {
    Stack stack({.thumbgated_flags = {"--undo", "2s", "--storage-timeout", "3s"}});
    CookieJar jar;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    REQUIRE(stack.send({.url = "/api/photos/" + photo.id, .method = "DELETE", .jar = &jar}).status == 204);
    CHECK(has_original(stack));
    SECTION("it did") {}
    SECTION("it was killed and started again") {
        stack.edge().expect_log("[error]");
        stack.backend().kill();
        stack.backend().start();
    }
    CHECK(wait_until(30s, [&] { return !has_original(stack); }));
    CHECK(wait_until(20s, [&] { return post(stack, "/api/photos/" + photo.id + "/restore", &jar).status == 404; }));
    CHECK(wait_until(20s, [&] {
        for (const std::string& file : stack.stored_files()) {
            if (file.contains(photo.id)) return false;
        }
        return true;
    }));
}
