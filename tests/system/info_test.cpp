// What is said of a photo, through the edge, by its upload and by links to its description.
#include "tests/support/catch.hpp"
#include "tests/support/stack.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate::test;

TEST_CASE("an upload's answer says how the photo looks, and a link to its description says the same from the cache") {
    Stack stack;
    CookieJar jar;
    const Photo turned = photos::with_orientation(photos::storm(), 6, stack.dir());  // 1920 × 1280, as stored
    const Uploaded photo = stack.upload(turned, &jar);
    const json::value uploaded = parse_json(photo.response.body);
    CHECK(uploaded.at("width") == 1280);
    CHECK(uploaded.at("height") == 1920);
    CHECK(uploaded.at("orientation") == 6);
    CHECK(uploaded.at("frames") == 1);
    CHECK(uploaded.at("has_alpha") == false);
    CHECK(text_at(uploaded, "dominant_color").size() == 7);
    CHECK(text_at(uploaded, "thumbhash").size() >= 28);

    const std::string url = stack.thumbnail(photo.id, "/info:1");
    const Response first = stack.get(url);
    INFO(first);
    REQUIRE(first.status == 200);
    CHECK(first.header("content-type") == "application/json");
    const json::value described = parse_json(first.body);
    for (const auto& [name, value] : described.as_object()) {
        INFO(name);
        CHECK(uploaded.at(name) == value);
    }
    CHECK(described.as_object().size() == 8);
    CHECK(stack.get_cached(url).body == first.body);
    CHECK(stack.get(url, {{"If-None-Match", first.header("etag")}}).status == 304);
    CHECK(stack.get(stack.thumbnail(photo.id, "/info:1/w:200")).status == 400);

    REQUIRE(stack.send({.url = "/api/photos/" + photo.id, .method = "DELETE", .jar = &jar}).status == 204);
    CHECK(wait_until(10s, [&] { return stack.get(url).status == 404; }));
}
