// The API through the edge: sessions, photos, links, and what is refused.
#include "tests/support/catch.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

// What a person is told: problem details with a reason, a request id, and nothing that a cache keeps.
void check_problem(const Response& response, int status, const std::string& reason) {
    INFO(response);
    CHECK(response.status == status);
    CHECK(response.header("content-type") == "application/problem+json");
    CHECK(response.header("x-request-id").size() == 32);
    const json::value problem = parse_json(response.body);
    CHECK_THAT(text_at(problem, "detail"), Catch::Matchers::Contains(reason, Catch::CaseSensitive::No));
    CHECK(text_at(problem, "request_id") == response.header("x-request-id"));
}

}  // namespace

TEST_CASE("the first upload makes a session, and its photos are listed newest first, with the same URLs each time") {
    Stack stack;
    CookieJar jar;
    const Uploaded first = stack.upload(photos::flower(), &jar);
    const std::string cookie = jar.value("thumbgate");
    CHECK_FALSE(cookie.empty());
    const Uploaded second = stack.upload(photos::meadow(), &jar);
    CHECK(jar.value("thumbgate") == cookie);

    const Response listing = stack.get("/api/photos", {}, &jar);
    REQUIRE(listing.status == 200);
    CHECK(listing.header("cache-control") == "no-store");
    const auto listed = parse_json(listing.body).at("photos").as_array();
    REQUIRE(listed.size() == 2);
    CHECK(photo_in(listed[0]).id == second.id);
    CHECK(photo_in(listed[1]).id == first.id);
    CHECK(photo_in(listed[1]).thumbnails == first.thumbnails);
    CHECK(stack.get("/api/photos", {}, &jar).body == listing.body);
    CHECK(photo_in(parse_json(stack.get("/api/photos/" + first.id, {}, &jar).body)).thumbnails == first.thumbnails);
}

TEST_CASE("a raw body is a photo too") {
    Stack stack;
    const Response response = stack.send({.url = "/api/photos",
                                          .method = "POST",
                                          .headers = {{"Content-Type", "image/jpeg"}},
                                          .body = read_file(photos::flower().path)});
    CHECK(response.status == 201);
    CHECK(photo_in(parse_json(response.body)).width == photos::flower().width);
}

TEST_CASE("another owner's photo is as absent as one that never was") {
    Stack stack;
    CookieJar mine, other;
    const Uploaded photo = stack.upload(photos::flower(), &mine);
    stack.upload(photos::flower(), &other);
    for (const std::string& target : {"/api/photos/" + photo.id, "/api/photos/" + photo.id + "/links"}) {
        CHECK(stack.get(target, {}, &mine).status == 200);
        const Response foreign = stack.get(target, {}, &other);
        CHECK(foreign.status == 404);
        const Response nobody = stack.get(target);
        CHECK(nobody.status == 401);
    }
    CHECK(stack.send({.url = "/api/photos/" + photo.id, .method = "DELETE", .jar = &other}).status == 404);
    CHECK(stack.get("/api/photos/" + photo.id, {}, &mine).status == 200);
}

TEST_CASE("a deleted photo is gone from the list and from the disk, and cannot be made into a new thumbnail") {
    Stack stack({.thumbgated_flags = {"--undo", "0"}});
    CookieJar jar;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    REQUIRE_FALSE(stack.stored_files().empty());
    CHECK(stack.send({.url = "/api/photos/" + photo.id, .method = "DELETE", .jar = &jar}).status == 204);
    CHECK(stack.get("/api/photos/" + photo.id, {}, &jar).status == 404);
    CHECK(parse_json(stack.get("/api/photos", {}, &jar).body).at("photos").as_array().empty());
    CHECK(stack.get(stack.thumbnail(photo.id, "/w:77")).status == 404);
    CHECK(stack.send({.url = "/api/photos/" + photo.id, .method = "DELETE", .jar = &jar}).status == 404);
    for (const std::string& file : stack.stored_files()) CHECK_THAT(file, !contains("original"));
}

TEST_CASE("a deleted photo's thumbnails are gone from every cache of the edge within a second") {
    Stack stack;
    CookieJar jar;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    const std::string small = stack.thumbnail(photo.id, "/w:40/f:jpeg");
    const std::string large = stack.thumbnail(photo.id, "/w:1280/f:png");
    stack.get_cached(small);
    stack.get_cached(large);
    REQUIRE(wait_until(20s, [&] { return stack.edge_metric("thumbgate_edge_feed_connected") == 1; }));
    CHECK(stack.send({.url = "/api/photos/" + photo.id, .method = "DELETE", .jar = &jar}).status == 204);
    CHECK(wait_until(1s, [&] { return stack.get(small).status == 404 && stack.get(large).status == 404; }));
}

TEST_CASE("a photo that was deleted while Redis could not be told is purged when it answers again") {
    Stack stack;
    CookieJar jar;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    const std::string small = stack.thumbnail(photo.id, "/w:40/f:jpeg");
    stack.get_cached(small);
    // Full: what is there is read, and nothing is added.
    stack.redis().command({"CONFIG", "SET", "maxmemory", "1"});
    CHECK(stack.send({.url = "/api/photos/" + photo.id, .method = "DELETE", .jar = &jar}).status == 204);
    CHECK(is_from_cache(stack.get(small)));
    bool restarted = false;
    SECTION("the backend waits") {}
    SECTION("the backend is killed meanwhile") {
        restarted = true;
    }
    if (restarted) stack.backend().kill();
    stack.redis().command({"CONFIG", "SET", "maxmemory", "0"});
    if (restarted) stack.backend().start();
    CHECK(wait_until(20s, [&] { return stack.get(small).status == 404; }));
}

TEST_CASE("a link lives as long as was asked for") {
    Stack stack;
    CookieJar jar;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    const std::string links = "/api/photos/" + photo.id + "/links";
    const Response made = stack.send({.url = links,
                                      .method = "POST",
                                      .headers = {{"Content-Type", "application/json"}},
                                      .body = R"({"expires_in": 2})",
                                      .jar = &jar});
    INFO(made);
    REQUIRE(made.status == 201);
    const std::string url = text_at(parse_json(made.body), "url");
    const Response alive = stack.get(url);
    CHECK(alive.status == 200);
    CHECK_THAT(alive.header("cache-control"), contains("no-cache"));
    CHECK_THAT(stack.get(links, {}, &jar).body, contains(text_at(parse_json(made.body), "id")));
    CHECK(wait_until(5s, [&] { return stack.get(url).status == 410; }));
    check_problem(stack.send({.url = links, .method = "POST", .body = R"({"expires_in": "soon"})", .jar = &jar}), 400,
                  "expires_in");
}

TEST_CASE("a session ends when its person says so, and a forged or altered cookie is none") {
    Stack stack;
    CookieJar jar;
    stack.upload(photos::flower(), &jar);
    CHECK(stack.get("/api/sessions/current", {}, &jar).status == 200);
    const std::string cookie = jar.value("thumbgate");
    std::string altered = cookie;
    altered[3] = altered[3] == 'A' ? 'B' : 'A';
    CHECK(stack.get("/api/photos", {{"Cookie", "thumbgate=" + altered}}).status == 401);
    CHECK(stack.send({.url = "/api/sessions/current", .method = "DELETE", .jar = &jar}).status == 204);
    CHECK(stack.get("/api/photos", {{"Cookie", "thumbgate=" + cookie}}).status == 401);
}

TEST_CASE("what is no whole picture is refused by its reason, and nothing of it is stored") {
    Stack stack;
    CookieJar jar;
    stack.upload(photos::flower(), &jar);
    const auto before = stack.stored_files();
    const TempDir dir;
    write_file(dir / "text.jpg", "this is a text file, whatever its name says\n");
    write_file(dir / "empty.jpg", "");
    check_problem(stack.try_upload(dir / "text.jpg", &jar), 415, "not a picture");
    check_problem(stack.try_upload(dir / "empty.jpg", &jar), 400, "no picture");
    check_problem(stack.try_upload(photos::truncated(photos::storm(), 0.5, dir.path()).path, &jar), 422, "cut off");
    check_problem(stack.try_upload(photos::bomb(dir.path()).path, &jar), 422, "pixels");
    check_problem(stack.send({.url = "/api/photos", .method = "POST", .jar = &jar}), 400, "no picture");
    const Response form = stack.send({.url = "/api/photos",
                                      .method = "POST",
                                      .form = {{.name = "picture", .file = photos::flower().path}},
                                      .jar = &jar});
    check_problem(form, 400, "photo");
    // What was received is removed behind the answer's back.
    CHECK(wait_until(20s, [&] { return stack.stored_files() == before; }));
    CHECK(parse_json(stack.get("/api/photos", {}, &jar).body).at("photos").as_array().size() == 1);
    CHECK(stack.upload(photos::meadow(), &jar).response.status == 201);
}

TEST_CASE("a client that uploads more than its rate is told to wait, and others are not") {
    Stack stack({.edits = {{"nginx.conf", "listen 127.0.0.1:",
                            "set_real_ip_from 127.0.0.1; real_ip_header X-Client; listen 127.0.0.1:"}}});
    const auto upload_from = [&](const std::string& client) {
        return stack.send({.url = "/api/photos", .method = "POST", .headers = {{"X-Client", client}}, .body = "text"});
    };
    int refused = 0;
    Response last;
    for (int i = 0; i < 40; ++i) {
        const Response response = upload_from("192.0.2.1");
        if (response.status == 429) last = response, ++refused;
    }
    CHECK(refused > 5);
    CHECK(last.headers.has("ratelimit"));
    CHECK(last.headers.has("ratelimit-policy"));
    CHECK(last.headers.has("retry-after"));
    CHECK(upload_from("192.0.2.2").status == 415);
    CHECK(stack.get("/api/photos", {{"X-Client", "192.0.2.1"}}).status == 401);
}
