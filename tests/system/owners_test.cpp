// Owners through the edge: their sessions, their recovery link, what they may keep, and whose pages may ask.
#include <csignal>
#include <ctime>
#include <future>

#include "tests/support/catch.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

struct Owner {
    const Stack& stack;
    CookieJar jar;

    Response get(const std::string& target) { return stack.get(target, {}, &jar); }
    Response send(const std::string& method, const std::string& target, const std::string& body = "",
                  const Headers& headers = {}) {
        return stack.send({.url = target, .method = method, .headers = headers, .body = body, .jar = &jar});
    }
    std::size_t photos() { return parse_json(get("/api/photos").body).at("photos").as_array().size(); }
};

std::string picture() {
    return read_file(photos::flower().path);
}

std::string link_for_session(const std::string& photo, const std::string& session) {
    const int64_t in_an_hour = std::time(nullptr) + 3600;
    return signed_url("/sid:" + session + "/exp:" + std::to_string(in_an_hour) + "/w:40/plain/photo://" + photo);
}

}  // namespace

TEST_CASE("a session that its owner ends from another one is over at the edge within a second") {
    Stack stack;
    Owner owner{stack, {}};
    const Uploaded photo = stack.upload(photos::flower(), &owner.jar);
    Owner phone{stack, owner.jar};
    REQUIRE(phone.send("POST", "/api/sessions", "", {{"User-Agent", "Mozilla/5.0 (iPhone) Version/17 Safari/604"}})
                .status == 201);
    const auto sessions = parse_json(owner.get("/api/sessions").body).at("sessions").as_array();
    REQUIRE(sessions.size() == 2);
    std::string other;
    for (const auto& session : sessions) {
        if (!session.at("is_current").as_bool()) other = text_at(session, "id");
    }
    CHECK_THAT(owner.get("/api/sessions").body, contains("\"device\":\"Safari on iPhone\""));
    const std::string link = link_for_session(photo.id, other);
    REQUIRE(wait_until(20s, [&] { return phone.get(link).status == 200; }));
    Owner stranger{stack, {}};
    stack.upload(photos::meadow(), &stranger.jar);
    CHECK(stranger.send("DELETE", "/api/sessions/" + other).status == 404);
    CHECK(stranger.send("DELETE", "/api/sessions/" + std::string(32, 'a')).status == 404);
    CHECK(phone.get("/api/photos").status == 200);

    CHECK(owner.send("DELETE", "/api/sessions/" + other).status == 204);
    CHECK(phone.get("/api/photos").status == 401);
    CHECK(wait_until(1s, [&] { return phone.get(link).status == 403; }));
    CHECK(owner.get("/api/photos").status == 200);
    CHECK(parse_json(owner.get("/api/sessions").body).at("sessions").as_array().size() == 1);
}

TEST_CASE("when Redis has lost everything, a recovery link leads back to the photos") {
    Stack stack;
    Owner owner{stack, {}};
    const Uploaded photo = stack.upload(photos::flower(), &owner.jar);
    const Response made = owner.send("POST", "/api/sessions/recovery");
    INFO(made);
    REQUIRE(made.status == 201);
    const std::string secret = text_at(parse_json(made.body), "secret");
    CHECK_THAT(text_at(parse_json(made.body), "url"), contains("/#recover=" + secret));
    stack.redis().command({"FLUSHALL"});
    CHECK(owner.get("/api/photos").status == 401);

    Owner returned{stack, {}};
    CHECK(returned.send("POST", "/api/sessions", R"({"recovery": "wrong"})").status == 403);
    CHECK(returned.send("POST", "/api/sessions", R"({"recovery": ")" + secret + "\"}").status == 201);
    CHECK(returned.photos() == 1);
    CHECK(returned.get("/api/photos/" + photo.id).status == 200);
    const auto quota = parse_json(returned.get("/api/sessions/current").body).at("quota");
    CHECK(quota.at("photos").at("used") == 1);
    CHECK(quota.at("bytes").at("used") == photo.bytes);
    for (const auto& line : stack.backend_log()) CHECK_THAT(serialize(line), !contains(secret));
    for (const auto& line : stack.access_log()) CHECK_THAT(serialize(line), !contains(secret));
}

TEST_CASE("what an owner uses is right after a kill, and their quota is refused before the body is taken") {
    Stack stack({.thumbgated_flags = {"--converters", "1", "--quota-photos", "2"}, .has_fault_points = true});
    stack.edge().expect_log("[error]");
    Owner owner{stack, {}};
    stack.upload(photos::flower(), &owner.jar);
    write_file(stack.dir() / "fault" / "upload-unrecorded.kill", "");
    auto cut_off = std::async(std::launch::async, [&] {
        CookieJar jar = owner.jar;
        return stack.try_upload(photos::flower().path, &jar).status;
    });
    REQUIRE(stack.backend().wait(20s));
    CHECK(cut_off.get() >= 500);
    stack.backend().start();
    REQUIRE(wait_until(20s, [&] { return owner.get("/api/photos").status == 200; }));
    CHECK(parse_json(owner.get("/api/sessions/current").body).at("quota").at("photos").at("used") == 1);
    const Uploaded second = stack.upload(photos::meadow(), &owner.jar);
    const Response refused = stack.try_upload(photos::meadow().path, &owner.jar);
    CHECK(refused.status == 403);
    CHECK_THAT(refused.body, contains("urn:thumbgate:problem:quota"));
    CHECK_THAT(refused.body, contains("2 photos"));
    CHECK(owner.send("DELETE", "/api/photos/" + second.id).status == 204);
    CHECK(parse_json(owner.get("/api/sessions/current").body).at("quota").at("photos").at("used") == 1);
    stack.upload(photos::meadow(), &owner.jar);
}

TEST_CASE("an upload that a kill cut off is one photo when it is repeated under its key") {
    const std::string point =
        GENERATE(as<std::string>{}, "upload-marked", "upload-after-rename", "upload-unrecorded", "upload-stored");
    INFO(point);
    Stack stack({.thumbgated_flags = {"--converters", "1"}, .has_fault_points = true});
    stack.edge().expect_log("[error]");
    Owner owner{stack, {}};
    stack.upload(photos::meadow(), &owner.jar);
    const Headers headers{{"Content-Type", "image/jpeg"}, {"Idempotency-Key", "holiday-1"}};
    write_file(stack.dir() / "fault" / (point + ".kill"), "");
    auto cut_off = std::async(std::launch::async, [&] {
        Owner same{stack, owner.jar};
        return same.send("POST", "/api/photos", picture(), headers).status;
    });
    REQUIRE(stack.backend().wait(20s));
    CHECK(cut_off.get() >= 500);
    stack.backend().start();
    REQUIRE(wait_until(20s, [&] { return owner.get("/api/photos").status == 200; }));
    const Response repeated = owner.send("POST", "/api/photos", picture(), headers);
    REQUIRE(repeated.status == 201);
    CHECK(owner.photos() == 2);
    const Response again = owner.send("POST", "/api/photos", picture(), headers);
    CHECK(again.status == 201);
    CHECK(photo_in(parse_json(again.body)).id == photo_in(parse_json(repeated.body)).id);
    CHECK(owner.photos() == 2);
    CHECK(owner.send("POST", "/api/photos", read_file(photos::meadow().path), headers).status == 422);
}

TEST_CASE("a body that is not what its Content-Digest says is refused, and nothing of it is stored") {
    Stack stack;
    Owner owner{stack, {}};
    stack.upload(photos::meadow(), &owner.jar);
    const std::string wrong = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    const Response refused = owner.send("POST", "/api/photos", picture(), {{"Content-Digest", wrong}});
    CHECK(refused.status == 400);
    CHECK_THAT(refused.body, contains("urn:thumbgate:problem:digest_mismatch"));
    CHECK(owner.photos() == 1);
}

TEST_CASE("another site's page cannot change anything with a person's cookie") {
    Stack stack;
    Owner owner{stack, {}};
    const Uploaded photo = stack.upload(photos::flower(), &owner.jar);
    const std::string own = "http://127.0.0.1:" + std::to_string(stack.port());
    const std::vector<std::pair<std::string, std::string>> changes{{"POST", "/api/photos"},
                                                                   {"DELETE", "/api/photos/" + photo.id},
                                                                   {"POST", "/api/photos/" + photo.id + "/links"},
                                                                   {"POST", "/api/sessions/recovery"}};
    for (const auto& [method, target] : changes) {
        for (const Headers& headers :
             {Headers{{"Origin", "https://evil.example"}}, Headers{{"Origin", "null"}},
              Headers{{"Origin", "http://127.0.0.1"}}, Headers{{"Origin", own}, {"Sec-Fetch-Site", "cross-site"}},
              Headers{{"Origin", "https://evil.example"},
                      {"X-Forwarded-Host", "evil.example"},
                      {"X-Forwarded-Proto", "https"}}}) {
            const Response refused = owner.send(method, target, "{}", headers);
            INFO(method << " " << target << "\n" << refused);
            CHECK(refused.status == 403);
            CHECK_THAT(refused.body, contains("urn:thumbgate:problem:cross_origin"));
        }
    }
    CHECK(owner.get("/api/photos/" + photo.id).status == 200);
    CHECK(owner.send("DELETE", "/api/photos/" + photo.id, "", {{"Origin", own}, {"Sec-Fetch-Site", "same-origin"}})
              .status == 204);
}

TEST_CASE("of recovery links that are made at once one is valid") {
    Stack stack;
    Owner owner{stack, {}};
    stack.upload(photos::flower(), &owner.jar);
    const Request one{.url = stack.url("/api/sessions/recovery"),
                      .method = "POST",
                      .headers = {{"Cookie", "thumbgate=" + owner.jar.value("thumbgate")}}};
    int valid = 0;
    for (const Response& made : fetch_at_once({one, one, one, one})) {
        INFO(made);
        REQUIRE(made.status == 201);
        const std::string body = R"({"recovery": ")" + text_at(parse_json(made.body), "secret") + "\"}";
        const int status = stack.send({.url = "/api/sessions", .method = "POST", .body = body}).status;
        CHECK((status == 201 || status == 403));
        valid += status == 201 ? 1 : 0;
    }
    CHECK(valid == 1);
}

TEST_CASE("an upload whose key is in use is told to come again, and is then answered as the first") {
    Stack stack({.thumbgated_flags = {"--converters", "1"}});
    Owner owner{stack, {}};
    stack.upload(photos::meadow(), &owner.jar);
    const Headers headers{{"Content-Type", "image/jpeg"}, {"Idempotency-Key", "holiday-2"}};
    // Received whole, and waiting for its inspection.
    const pid_t converter = stack.backend().converter_pids().at(0);
    REQUIRE(::kill(converter, SIGSTOP) == 0);
    auto first = std::async(std::launch::async, [&] {
        Owner same{stack, owner.jar};
        return same.send("POST", "/api/photos", picture(), headers);
    });
    const bool is_under_way =
        wait_until(20s, [&] { return stack.backend_metric("thumbgate_backend_converters_busy") > 0; });
    const Response second = owner.send("POST", "/api/photos", picture(), headers);
    ::kill(converter, SIGCONT);
    REQUIRE(is_under_way);
    INFO(second);
    CHECK(second.status == 409);
    CHECK_THAT(second.body, contains("urn:thumbgate:problem:idempotency_in_progress\""));
    CHECK(second.header("retry-after") == "1");
    const Response done = first.get();
    REQUIRE(done.status == 201);
    const Response third = owner.send("POST", "/api/photos", picture(), headers);
    CHECK(third.status == 201);
    CHECK(photo_in(parse_json(third.body)).id == photo_in(parse_json(done.body)).id);
    CHECK(owner.photos() == 2);
}
