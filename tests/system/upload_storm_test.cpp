// Uploads while everything behind the edge is killed by turns, at random and at its worst moments. Then Redis loses
// all.
//
// Short by default: THUMBGATE_UPLOADS=1000 asks for so many, THUMBGATE_SEED for other moments.
#include <signal.h>

#include <array>
#include <map>
#include <random>

#include "tests/support/catch.hpp"
#include "tests/support/mixed_load.hpp"
#include "tests/support/setting.hpp"
#include "tests/support/stored_photos.hpp"
#include "tests/support/upload_storm.hpp"

using namespace thumbgate::test;

namespace {

// Points on the way of an upload; each kills the process that reaches it, or stops it until it is killed.
constexpr std::array kPoints{"upload-before-rename", "upload-after-rename", "upload-unrecorded", "upload-marked",
                             "upload-stored"};

class Strikes {
  public:
    Strikes(Stack& stack, const UploadStorm& storm, std::size_t seed) : stack_(stack), storm_(storm), random_(seed) {}

    // One part dies and, where nothing else restarts it, is started again by the test.
    void strike() {
        std::this_thread::sleep_for(milliseconds(random_() % 200));
        switch (random_() % 6) {
            case 0:
                return kill_backend();
            case 1:
                return kill_converter();
            case 2:
                return kill_zygote();
            case 3:
                return kill_redis();
            default:
                return strike_at_a_point();
        }
    }
    // As a service manager does: a thumbgated whose zygote dies while it starts does not start.
    void restart_what_ended() {
        if (stack_.backend().running()) return;
        stack_.backend().launch();
        ++counts_["start that failed"];
    }
    std::string report() const {
        std::string text;
        for (const auto& [what, count] : counts_) text += "\n  " + std::to_string(count) + " × " + what;
        return text;
    }

  private:
    void kill_backend() {
        stack_.backend().kill();
        stack_.backend().launch();
        ++counts_["thumbgated"];
    }
    void kill_converter() {
        const auto converters = stack_.backend().converter_pids();
        if (converters.empty()) return;
        ::kill(converters[random_() % converters.size()], SIGKILL);
        ++counts_["converter"];
    }
    void kill_zygote() {
        const pid_t zygote = stack_.backend().zygote_pid();
        if (zygote <= 0) return;
        ::kill(zygote, SIGKILL);
        ++counts_["zygote"];
    }
    void kill_redis() {
        stack_.redis().restart();
        ++counts_["redis-server"];
    }
    void strike_at_a_point() {
        const bool stops = random_() % 3 == 0;
        const std::string name = kPoints.at(random_() % kPoints.size()) + std::string(stops ? ".stop" : ".kill");
        const auto fault = stack_.dir() / "fault" / name;
        write_file(fault, "");
        REQUIRE(wait_until(30s, [&] {
            if (!std::filesystem::exists(fault)) return true;
            restart_what_ended();
            return storm_.is_over();
        }));
        if (std::filesystem::remove(fault)) return;
        if (stops) stack_.backend().kill();
        REQUIRE(stack_.backend().wait(20s));
        stack_.backend().launch();
        ++counts_[name];
    }

    Stack& stack_;
    const UploadStorm& storm_;
    std::mt19937 random_;
    std::map<std::string, std::size_t> counts_;
};

struct Shared {
    std::string open;
    std::string revoked;
    std::string kept;  // the id of the first
    CookieJar owner;
    std::string recovery;

    explicit Shared(const Stack& stack) {
        const Uploaded photo = stack.upload(photos::flower(), &owner);
        const auto made = [&] {
            return parse_json(stack
                                  .send({.url = "/api/photos/" + photo.id + "/links",
                                         .method = "POST",
                                         .body = R"({"expires_in": "1d"})",
                                         .jar = &owner})
                                  .body);
        };
        const json::value first = made();
        const json::value second = made();
        open = text_at(first, "url");
        kept = text_at(first, "id");
        revoked = text_at(second, "url");
        const std::string id = text_at(second, "id");
        REQUIRE(stack.send({.url = "/api/links/" + id, .method = "DELETE", .jar = &owner}).status == 204);
        const Response recovery_link = stack.send({.url = "/api/sessions/recovery", .method = "POST", .jar = &owner});
        recovery = text_at(parse_json(recovery_link.body), "secret");
    }
    void check(const Stack& stack) const {
        CHECK(wait_until(20s, [&] { return stack.get(open).status == 200; }));
        CHECK(wait_until(20s, [&] { return stack.get(revoked).status == 410; }));
    }
    void check_listed(const Stack& stack) {
        CookieJar returned;
        const std::string body = R"({"recovery": ")" + recovery + "\"}";
        REQUIRE(stack.send({.url = "/api/sessions", .method = "POST", .body = body, .jar = &returned}).status == 201);
        const auto links = parse_json(stack.get("/api/links", {}, &returned).body).at("links").as_array();
        REQUIRE(links.size() == 1);
        CHECK(text_at(links[0], "id") == kept);
    }
};

}  // namespace

TEST_CASE("uploads that are acknowledged while everything is killed are whole, listed once, and survive Redis") {
    Stack stack({.edits = MixedLoad::without_rate_limits(),
                 .thumbgated_flags = {"--converters", "2"},
                 .is_activated = true,
                 .has_fault_points = true});
    stack.edge().expect_log("[error]");
    Shared shared(stack);
    const std::size_t wanted = setting("THUMBGATE_UPLOADS", 40);
    UploadStorm storm(stack, wanted);
    Strikes strikes(stack, storm, setting("THUMBGATE_SEED", 6));
    while (!storm.is_over()) {
        const std::size_t before = storm.accepted();
        strikes.strike();
        REQUIRE(wait_until(60s, [&] {
            strikes.restart_what_ended();
            return storm.accepted() >= before + 3 || storm.is_over();
        }));
    }
    REQUIRE(wait_until(60s, [&] {
        strikes.restart_what_ended();
        return stack.get("/readyz").status == 200;
    }));
    storm.join();
    const std::string report = storm.report() + strikes.report();
    INFO(report);
    if (wanted >= 1000) WARN(report);
    CHECK(lines(storm.wrong()) == "");
    CHECK(lines(storm.losses()) == "");
    CHECK(lines(storm.wrong_repetitions()) == "");
    CHECK(lines(storm.losses()) == "");
    CHECK(lines(storm.without_thumbnail()) == "");
    CHECK(wait_until(20s, [&] { return StoredPhotos(stack.dir() / "photos").unfinished_files() == 0; }));
    CHECK(files_below(stack.dir() / "tmp").empty());
    shared.check(stack);
    stack.redis().command({"FLUSHALL"});
    CHECK(lines(storm.not_recovered()) == "");
    CHECK(lines(storm.losses()) == "");
    shared.check(stack);
    shared.check_listed(stack);
}
