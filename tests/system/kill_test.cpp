// A process that is killed, or stopped and then killed, at the worst of moments: what was acknowledged stays, what was
// not is nowhere to be seen, and what was decided is finished.
#include <future>
#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/image.hpp"
#include "tests/support/stack.hpp"
#include "tests/support/stored_photos.hpp"

using namespace thumbgate::test;

namespace {

// A chain whose thumbgated has fault points, and one photo that was acknowledged.
struct Chain {
    Stack stack;
    StoredPhotos stored{stack.dir() / "photos"};
    CookieJar jar;
    std::string checksum = checksum_of(photos::storm().path);
    Uploaded kept = stack.upload(photos::storm(), &jar);

    explicit Chain(const std::string& undo = "0")
        : stack({.thumbgated_flags = {"--converters", "1", "--undo", undo}, .has_fault_points = true}) {
        stack.edge().expect_log("[error]");
    }

    std::filesystem::path fault(const std::string& name, const std::string& kind) const {
        return stack.dir() / "fault" / (name + "." + kind);
    }
    void arm(const std::string& name, const std::string& kind) { write_file(fault(name, kind), ""); }
    bool is_reached(const std::string& name, const std::string& kind) {
        return wait_until(20s, [&] { return !std::filesystem::exists(fault(name, kind)); });
    }

    // The end of a thumbgated that reached a fault point, and its next start.
    void bury_and_restart(const std::string& kind) {
        if (kind == "stop") stack.backend().kill();
        const auto ended = stack.backend().wait(20s);
        REQUIRE(ended);
        CHECK(ended->signal == SIGKILL);
        stack.backend().start();
        REQUIRE(wait_until(20s, [&] { return stack.get("/api/photos", {}, &jar).status == 200; }));
    }

    std::set<std::string> listed(const std::string& query = "") {
        std::set<std::string> ids;
        const json::value page = parse_json(stack.get("/api/photos" + query, {}, &jar).body);
        for (const auto& photo : page.at("photos").as_array()) ids.insert(text_at(photo, "id"));
        return ids;
    }

    json::value share() {
        const Response made = stack.send({.url = "/api/photos/" + kept.id + "/links",
                                          .method = "POST",
                                          .body = R"({"expires_in": "1h"})",
                                          .jar = &jar});
        REQUIRE(made.status == 201);
        return parse_json(made.body);
    }

    json::array links() { return parse_json(stack.get("/api/links", {}, &jar).body).at("links").as_array(); }

    Response remove(const std::string& id) {
        return stack.send({.url = "/api/photos/" + id, .method = "DELETE", .jar = &jar});
    }
};

}  // namespace

TEST_CASE("an upload that is cut off by a kill is neither listed nor served, and those before it are whole") {
    const std::string point =
        GENERATE(as<std::string>{}, "upload-before-rename", "upload-after-rename", "upload-unrecorded");
    const std::string kind = GENERATE(as<std::string>{}, "kill", "stop");
    INFO(point << "." << kind);
    Chain chain;
    chain.arm(point, kind);
    // A process that is stopped answers nobody; its upload is cut off by its end.
    auto cut_off = std::async(std::launch::async, [&] {
        CookieJar jar = chain.jar;
        return chain.stack.try_upload(photos::flower().path, &jar).status;
    });
    REQUIRE(chain.is_reached(point, kind));
    const bool is_renamed = point != "upload-before-rename";
    CHECK(chain.stored.originals() == (is_renamed ? 2 : 1));
    if (!is_renamed && kind == "stop") CHECK(chain.stored.unfinished_files() == 1);
    chain.bury_and_restart(kind);
    CHECK(cut_off.get() >= 500);
    CHECK(chain.listed() == std::set{chain.kept.id});
    CHECK(chain.stored.is_whole(chain.kept.id, chain.checksum));
    CHECK(chain.stored.unfinished_files() == 0);
    for (const auto& file : chain.stack.stored_files())
        CHECK((!file.ends_with("record") || file.contains(chain.kept.id)));
    // The same picture, once more, is nothing special.
    CHECK(chain.stack.upload(photos::flower(), &chain.jar).response.status == 201);
}

TEST_CASE("a removal that is cut off by a kill is finished by the next start, and every edge hears of it") {
    const std::string point = GENERATE(as<std::string>{}, "removal-decided", "removal-unannounced");
    const std::string kind = GENERATE(as<std::string>{}, "kill", "stop");
    INFO(point << "." << kind);
    Chain chain;
    const Uploaded removed = chain.stack.upload(photos::flower(), &chain.jar);
    const std::string cached = removed.thumbnails.at(320);
    chain.stack.get_cached(cached);
    chain.arm(point, kind);
    auto cut_off = std::async(std::launch::async, [&] { return chain.remove(removed.id).status; });
    REQUIRE(chain.is_reached(point, kind));
    CHECK(chain.stored.has_tombstone(removed.id));
    if (point == "removal-decided") CHECK(chain.stored.has_record(removed.id));
    chain.bury_and_restart(kind);
    CHECK(cut_off.get() != 204);
    CHECK(chain.listed() == std::set{chain.kept.id});
    CHECK(chain.stack.get("/api/photos/" + removed.id, {}, &chain.jar).status == 404);
    CHECK(wait_until(20s, [&] { return chain.stack.get(cached).status == 404; }));
    CHECK(wait_until(20s, [&] { return !chain.stored.has_tombstone(removed.id); }));
    CHECK_FALSE(std::filesystem::exists(chain.stored.folder_of(removed.id)));
    CHECK(chain.stored.is_whole(chain.kept.id, chain.checksum));
}

TEST_CASE("a deletion or restoration that is cut off by a kill leaves a photo deleted or there, and never half") {
    const std::string point =
        GENERATE(as<std::string>{}, "removal-decided", "removal-unannounced", "restoration-decided");
    const std::string kind = GENERATE(as<std::string>{}, "kill", "stop");
    INFO(point << "." << kind);
    Chain chain("10m");
    const std::string restore = "/api/photos/" + chain.kept.id + "/restore";
    const bool restores = point == "restoration-decided";
    if (restores) REQUIRE(chain.remove(chain.kept.id).status == 204);
    chain.arm(point, kind);
    auto cut_off = std::async(std::launch::async, [&] {
        CookieJar jar = chain.jar;
        if (!restores) return chain.remove(chain.kept.id).status;
        return chain.stack.send({.url = restore, .method = "POST", .jar = &jar}).status;
    });
    REQUIRE(chain.is_reached(point, kind));
    chain.bury_and_restart(kind);
    CHECK(cut_off.get() >= 500);
    // A process that stops itself may still come a step further: then the restoration was done.
    CHECK(chain.listed().size() + chain.listed("?deleted=1").size() == 1);
    if (!restores) CHECK(chain.listed().empty());
    CHECK(chain.stack.send({.url = restore, .method = "POST", .jar = &chain.jar}).status == 200);
    CHECK(chain.listed() == std::set{chain.kept.id});
    CHECK(chain.stored.is_whole(chain.kept.id, chain.checksum));
    const std::string thumbnail = chain.kept.thumbnails.at(320);
    CHECK(wait_until(20s, [&] { return chain.stack.get(thumbnail).status == 200; }));
}

TEST_CASE("a revocation that is cut off by a kill is in force after the next start, at every edge") {
    const std::string point = GENERATE(as<std::string>{}, "revocation-decided", "revocation-unannounced");
    const std::string kind = GENERATE(as<std::string>{}, "kill", "stop");
    INFO(point << "." << kind);
    Chain chain;
    const json::value link = chain.share();
    REQUIRE(chain.stack.get(text_at(link, "url")).status == 200);
    chain.arm(point, kind);
    auto cut_off = std::async(std::launch::async, [&] {
        CookieJar jar = chain.jar;
        return chain.stack.send({.url = "/api/links/" + text_at(link, "id"), .method = "DELETE", .jar = &jar}).status;
    });
    REQUIRE(chain.is_reached(point, kind));
    chain.bury_and_restart(kind);
    CHECK(cut_off.get() >= 500);
    CHECK(chain.stack.get(text_at(link, "page")).status == 404);
    CHECK(wait_until(20s, [&] { return chain.stack.get(text_at(link, "url")).status == 410; }));
    CHECK(chain.links().empty());
}

TEST_CASE("a link whose making is cut off by a kill is not listed, and the next one is") {
    const std::string kind = GENERATE(as<std::string>{}, "kill", "stop");
    Chain chain;
    chain.arm("link-unrecorded", kind);
    auto cut_off = std::async(std::launch::async, [&] {
        CookieJar jar = chain.jar;
        return chain.stack
            .send({.url = "/api/photos/" + chain.kept.id + "/links",
                   .method = "POST",
                   .body = R"({"expires_in": "1h"})",
                   .jar = &jar})
            .status;
    });
    REQUIRE(chain.is_reached("link-unrecorded", kind));
    chain.bury_and_restart(kind);
    CHECK(cut_off.get() >= 500);
    CHECK(chain.links().empty());
    chain.share();
    CHECK(chain.links().size() == 1);
}

TEST_CASE("a thumbnail that is cut off by a kill around its publication is whole when it is asked for again") {
    const std::string point = GENERATE(as<std::string>{}, "result-converted", "result-published");
    const std::string kind = GENERATE(as<std::string>{}, "kill", "stop");
    INFO(point << "." << kind);
    Chain chain;
    const std::string url = chain.stack.thumbnail(chain.kept.id, "/w:99/f:png");
    chain.arm(point, kind);
    auto cut_off = std::async(std::launch::async, [&] { return chain.stack.get(url).status; });
    REQUIRE(chain.is_reached(point, kind));
    chain.bury_and_restart(kind);
    CHECK(cut_off.get() != 404);
    Response again;
    REQUIRE(wait_until(20s, [&] { return (again = chain.stack.get(url)).status == 200; }));
    CHECK(inspect_bytes(again.body).width == 99);
    CHECK(difference(Pixels::of_bytes(again.body), Pixels::of(photos::storm().path)) < 3);
    CHECK(chain.stored.unfinished_files() == 0);
}

TEST_CASE("a converter that ends between its fork and its sandbox costs no request") {
    const std::string kind = GENERATE(as<std::string>{}, "kill", "stop");
    INFO(kind);
    Chain chain;
    chain.arm("converter-forked", kind);
    chain.stack.backend().kill_converter();
    REQUIRE(chain.is_reached("converter-forked", kind));
    CHECK(chain.stack.get(chain.stack.thumbnail(chain.kept.id, "/w:77")).status == 200);
    // One of each group.
    CHECK(wait_until(20s, [&] { return chain.stack.backend().converter_pids().size() == 2; }));
}
