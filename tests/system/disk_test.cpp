// A storage that is full, read-only or hangs: said so, for that long, to those who need it, and to nobody else.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <future>

#include "contract/encoding.hpp"
#include "contract/hmac.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/disk.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

constexpr uint64_t kMiB = 1 << 20;

// A chain whose photos are on a disk of their own, with two photos, one of whose thumbnails is cached.
struct Chain {
    Disk& disk;
    Stack stack;
    CookieJar jar;
    Uploaded photo;
    Uploaded other;
    std::string cached;

    explicit Chain(Disk& on, std::vector<std::string> flags = {})
        : disk(on), stack({.thumbgated_flags = with_photos(on, std::move(flags))}) {
        photo = stack.upload(photos::flower(), &jar);
        other = stack.upload(photos::meadow(), &jar);
        cached = photo.thumbnails.at(320);
        stack.get_cached(cached);
        stack.edge().expect_log("[error]");
    }
    static std::vector<std::string> with_photos(const Disk& disk, std::vector<std::string> flags) {
        // The disk is smaller than what is kept free of one.
        flags.insert(flags.end(), {"--photos", (disk.path() / "photos").string(), "--uploads-min-free", "0"});
        return flags;
    }

    Response upload() { return stack.try_upload(photos::flower().path, &jar); }
    int thumbnail(int width) { return stack.get(stack.thumbnail(photo.id, "/w:" + std::to_string(width))).status; }
    void check_reading_goes_on(int width) {
        CHECK(is_from_cache(stack.get(cached)));
        CHECK(thumbnail(width) == 200);
        CHECK(listed().size() == 2);
    }
    std::vector<std::string> listed() {
        const Response response = stack.get("/api/photos", {}, &jar);
        INFO(response);
        REQUIRE(response.status == 200);
        std::vector<std::string> ids;
        const json::value listing = parse_json(response.body);
        for (const json::value& one : listing.at("photos").as_array()) {
            ids.push_back(photo_in(one).id);
        }
        return ids;
    }
    // The storage holds what was acknowledged, byte for byte, and nothing else but tombstones.
    bool holds_only(const std::vector<Uploaded>& uploads) {
        size_t originals = 0;
        for (const std::string& file : files_below(disk.path() / "photos")) {
            if (!file.starts_with("photos/")) continue;
            const bool known = std::ranges::any_of(uploads, [&](const Uploaded& u) { return file.contains(u.id); });
            if (!known) return false;
            originals += file.ends_with("/original") ? 1 : 0;
        }
        return originals == uploads.size();
    }
    std::string stored_digest(const Uploaded& upload) {
        const std::string& id = upload.id;
        const auto file = disk.path() / "photos/photos" / id.substr(0, 2) / id.substr(2, 2) / id / "original";
        return thumbgate::hex_encode(thumbgate::sha256(read_file(file)));
    }
    // Without a restart, an upload is taken again, and is what was sent.
    void check_it_recovers() {
        Response response;
        CHECK(wait_until(20s, [&] {
            response = upload();
            return response.status == 201;
        }));
        INFO(response);
        REQUIRE(response.status == 201);
        const Uploaded added = photo_in(parse_json(response.body));
        CHECK(stored_digest(added) == thumbgate::hex_encode(thumbgate::sha256(read_file(photos::flower().path))));
        CHECK(listed().size() == 3);
        CHECK(wait_until(20s, [&] { return holds_only({photo, other, added}); }));
    }
    double stuck(const std::string& access) {
        return stack.backend_metric("thumbgate_backend_storage_tasks", {{"access", access}, {"state", "stuck"}});
    }
};

void check_problem(const Response& response, int status, const std::string& code) {
    INFO(response);
    CHECK(response.status == status);
    CHECK(response.header("content-type") == "application/problem+json");
    CHECK_THAT(response.body, contains("urn:thumbgate:problem:" + code + "\""));
    CHECK(response.headers.has("retry-after") == (status == 503));
}

std::unique_ptr<Disk> disk_or_skip(Disk::Kind kind, uint64_t bytes) {
    auto disk = Disk::mount(kind, bytes);
    if (!disk) SUCCEED("skipped: this user may not mount file systems");
    return disk;
}

}  // namespace

TEST_CASE("on a full disk an upload is 507, all that reads goes on, and with room again uploads do too") {
    auto disk = disk_or_skip(Disk::Kind::memory, 4 * kMiB);
    if (!disk) return;
    Chain chain(*disk);
    disk->fill();
    for (int i = 0; i < 3; ++i) {
        check_problem(chain.upload(), 507, "storage_full");
        chain.check_reading_goes_on(201 + i);
    }
    disk->make_room();
    CHECK(chain.holds_only({chain.photo, chain.other}));
    chain.check_it_recovers();
}

TEST_CASE("on a full disk no link, report or recovery link is made, what was made before stays, and all comes back") {
    auto disk = disk_or_skip(Disk::Kind::memory, 4 * kMiB);
    if (!disk) return;
    Chain chain(*disk);
    const auto post = [&](const std::string& target, const std::string& body) {
        return chain.stack.send({.url = target, .method = "POST", .body = body, .jar = &chain.jar});
    };
    const std::string links = "/api/photos/" + chain.photo.id + "/links";
    const std::string wanted = R"({"expires_in": "1h"})";
    const json::value link = parse_json(post(links, wanted).body);
    const std::string recovery = text_at(parse_json(post("/api/sessions/recovery", "").body), "secret");
    const auto stored = files_below(disk->path() / "photos");
    disk->fill();
    check_problem(post(links, wanted), 507, "storage_full");
    check_problem(post("/api/sessions/recovery", ""), 507, "storage_full");
    const std::string report = text_at(link, "page") + "/report";
    CHECK(post(report, "reason=abuse&text=x").status == 507);
    CHECK(chain.stack.get(text_at(link, "url")).status == 200);
    CHECK(chain.stack.get(text_at(link, "page")).status == 200);
    CHECK(parse_json(chain.stack.get("/api/links", {}, &chain.jar).body).at("links").as_array().size() == 1);
    disk->make_room();
    CHECK(wait_until(20s, [&] { return files_below(disk->path() / "photos") == stored; }));
    // The recovery link that there was is the one that counts.
    CookieJar returned;
    const std::string body = R"({"recovery": ")" + recovery + "\"}";
    CHECK(chain.stack.send({.url = "/api/sessions", .method = "POST", .body = body, .jar = &returned}).status == 201);
    CHECK(post(links, wanted).status == 201);
    CHECK(post(report, "reason=abuse&text=x").status == 200);
    CHECK(post("/api/sessions/recovery", "").status == 201);
}

TEST_CASE(
    "on a disk that is full to its last byte a revocation and a deletion are 507, and are done when there is room") {
    auto disk = disk_or_skip(Disk::Kind::memory, 4 * kMiB);
    if (!disk) return;
    Chain chain(*disk);
    const std::string links = "/api/photos/" + chain.photo.id + "/links";
    const json::value link = parse_json(
        chain.stack.send({.url = links, .method = "POST", .body = R"({"expires_in": "1h"})", .jar = &chain.jar}).body);
    const auto remove = [&](const std::string& target) {
        return chain.stack.send({.url = target, .method = "DELETE", .jar = &chain.jar});
    };
    const std::string of_link = "/api/links/" + text_at(link, "id");
    const std::string of_photo = "/api/photos/" + chain.photo.id;
    disk->fill();
    check_problem(remove(of_link), 507, "storage_full");
    check_problem(remove(of_photo), 507, "storage_full");
    CHECK(chain.stack.get(text_at(link, "url")).status == 200);
    CHECK(chain.listed().size() == 2);
    disk->make_room();
    CHECK(remove(of_link).status == 204);
    CHECK(wait_until(20s, [&] { return chain.stack.get(text_at(link, "url")).status == 410; }));
    CHECK(remove(of_photo).status == 204);
    CHECK(wait_until(20s, [&] { return chain.stack.get(chain.cached).status == 404; }));
}

TEST_CASE("a picture that fills the disk is refused with 507, and leaves its room to the next") {
    auto disk = disk_or_skip(Disk::Kind::memory, 3 * kMiB);
    if (!disk) return;
    Chain chain(*disk);
    REQUIRE(std::filesystem::file_size(photos::large().path) > 3 * kMiB);
    check_problem(chain.stack.try_upload(photos::large().path, &chain.jar), 507, "storage_full");
    chain.check_it_recovers();
}

TEST_CASE("on a read-only disk what changes something is 503, and all that reads goes on") {
    auto disk = disk_or_skip(Disk::Kind::memory, 16 * kMiB);
    if (!disk) return;
    Chain chain(*disk);
    disk->set_read_only(true);
    check_problem(chain.upload(), 503, "storage_unavailable");
    const Response removed =
        chain.stack.send({.url = "/api/photos/" + chain.other.id, .method = "DELETE", .jar = &chain.jar});
    check_problem(removed, 503, "storage_unavailable");
    chain.check_reading_goes_on(301);
    disk->set_read_only(false);
    chain.check_it_recovers();
}

TEST_CASE("while writes hang an upload is 503 in time, then at once, and all that reads goes on") {
    auto disk = disk_or_skip(Disk::Kind::ext4, 64 * kMiB);
    if (!disk) return;
    Chain chain(*disk, {"--storage-timeout", "3s", "--storage-threads", "2"});
    disk->freeze();
    check_problem(chain.upload(), 503, "storage_timeout");
    chain.check_reading_goes_on(401);
    check_problem(chain.upload(), 503, "storage_timeout");
    CHECK(wait_until(20s, [&] { return chain.stuck("write") == 2; }));
    const Response at_once = chain.upload();
    check_problem(at_once, 503, "storage_timeout");
    CHECK(at_once.elapsed < 2s);
    CHECK(chain.stuck("read") == 0);
    chain.check_reading_goes_on(402);
    disk->thaw();
    CHECK(wait_until(20s, [&] { return chain.stuck("write") == 0; }));
    chain.check_it_recovers();
}

TEST_CASE("an upload whose last write hangs is not acknowledged, and does not appear when the disk goes on") {
    auto disk = disk_or_skip(Disk::Kind::ext4, 64 * kMiB);
    if (!disk) return;
    Chain chain(*disk, {"--storage-timeout", "3s", "--converters", "1"});
    // Received whole, and waiting for its inspection, as the disk freezes.
    const pid_t converter = chain.stack.backend().converter_pids().at(0);
    REQUIRE(::kill(converter, SIGSTOP) == 0);
    auto pending = std::async(std::launch::async, [&] { return chain.upload(); });
    const bool received =
        wait_until(20s, [&] { return chain.stack.backend_metric("thumbgate_backend_converters_busy") > 0; });
    if (received) disk->freeze();
    ::kill(converter, SIGCONT);
    check_problem(pending.get(), 503, "storage_timeout");
    REQUIRE(received);
    disk->thaw();
    CHECK(wait_until(20s, [&] { return chain.stuck("write") == 0; }));
    CHECK(wait_until(20s, [&] { return chain.holds_only({chain.photo, chain.other}); }));
    chain.check_it_recovers();
}

TEST_CASE("a deletion that hangs is 503, and is finished and announced when the disk goes on") {
    auto disk = disk_or_skip(Disk::Kind::ext4, 64 * kMiB);
    if (!disk) return;
    Chain chain(*disk, {"--storage-timeout", "3s"});
    disk->freeze();
    const std::string target = "/api/photos/" + chain.photo.id;
    check_problem(chain.stack.send({.url = target, .method = "DELETE", .jar = &chain.jar}), 503, "storage_timeout");
    CHECK(chain.stack.get(target, {}, &chain.jar).status == 200);
    disk->thaw();
    CHECK(wait_until(20s, [&] { return chain.stack.get(target, {}, &chain.jar).status == 404; }));
    CHECK(wait_until(20s, [&] { return chain.stack.get(chain.cached).status == 404; }));
}

TEST_CASE("while reads hang what is cached is served, the rest is 503, and uploads go on") {
    TempDir dir;
    Stack stack({.thumbgated_flags = {"--storage-timeout", "3s", "--storage-threads", "1"}});
    CookieJar jar;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    const std::string cached = photo.thumbnails.at(320);
    stack.get_cached(cached);
    stack.edge().expect_log("[error]");
    // To open a pipe hangs until somebody writes to it: as a file of a server that is gone.
    const std::string& id = photo.id;
    const auto original = stack.dir() / "photos/photos" / id.substr(0, 2) / id.substr(2, 2) / id / "original";
    std::filesystem::rename(original, dir / "original");
    REQUIRE(::mkfifo(original.c_str(), 0600) == 0);

    check_problem(stack.get(stack.thumbnail(id, "/w:501")), 503, "storage_timeout");
    CHECK(is_from_cache(stack.get(cached)));
    CHECK(wait_until(20s, [&] {
        return stack.backend_metric("thumbgate_backend_storage_tasks", {{"access", "read"}, {"state", "stuck"}}) == 1;
    }));
    check_problem(stack.get("/api/photos", {}, &jar), 503, "storage_timeout");
    CHECK(stack.upload(photos::meadow()).response.status == 201);

    const UniqueFd release(::open(original.c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(release);
    std::filesystem::rename(dir / "original", original);
    CHECK(wait_until(20s, [&] { return stack.get(stack.thumbnail(id, "/w:501")).status == 200; }));
    CHECK(stack.get("/api/photos", {}, &jar).status == 200);
}

TEST_CASE("a service whose storage hangs stops all the same, and says so") {
    Stack stack({.thumbgated_flags = {"--storage-timeout", "500ms", "--drain-timeout", "500ms"}});
    const Uploaded photo = stack.upload(photos::flower());
    stack.edge().expect_log("[error]");
    const std::string& id = photo.id;
    const auto original = stack.dir() / "photos/photos" / id.substr(0, 2) / id.substr(2, 2) / id / "original";
    std::filesystem::remove(original);
    REQUIRE(::mkfifo(original.c_str(), 0600) == 0);
    check_problem(stack.get(stack.thumbnail(id, "/w:601")), 503, "storage_timeout");
    stack.drain_backend();
    CHECK_THAT(stack.backend().log(), contains("the storage hangs"));
}
