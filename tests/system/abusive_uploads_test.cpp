// Uploads that are huge, slow, cut off, or not what they say: in bounded memory, at nobody else's cost, and without a
// trace.
//
// Short by default: THUMBGATE_UPLOAD_MIB=500 and THUMBGATE_SLOW_SECONDS=60 make them so large and so slow.
#include <algorithm>
#include <random>

#include "tests/support/catch.hpp"
#include "tests/support/memory.hpp"
#include "tests/support/mixed_load.hpp"
#include "tests/support/numbered_photo.hpp"
#include "tests/support/resources.hpp"
#include "tests/support/service_request.hpp"
#include "tests/support/setting.hpp"
#include "tests/support/slow_uploads.hpp"
#include "tests/support/stack.hpp"
#include "tests/support/stored_photos.hpp"

using namespace thumbgate::test;

namespace {

constexpr std::uint64_t kMiB = 1 << 20;

// What a stack holds while nothing is under way.
struct AtRest {
    const Stack& stack;
    pid_t broker;
    pid_t nginx;
    std::vector<std::string> stored = stack.stored_files();
    Resources broker_holds = resources_of(broker);
    Resources nginx_holds = resources_of_family(nginx);

    explicit AtRest(Stack& of) : stack(of), broker(of.backend().pid()), nginx(of.edge().pid()) {}

    // It is as it was: nothing stored, no temporary file, no descriptor.
    void check() const {
        CHECK(wait_until(30s, [&] { return stack.stored_files() == stored; }));
        check_what_is_open();
        CHECK(wait_until(30s, [&] { return resources_of_family(nginx).files <= nginx_holds.files; }, 100ms));
    }
    // The edge keeps the files of thumbnails that were hit open for a while.
    void check_what_is_open() const {
        const auto is_broker_at_rest = [&] {
            const Resources now = resources_of(broker);
            return now.descriptors <= broker_holds.descriptors && now.files <= broker_holds.files;
        };
        CHECK(wait_until(30s, [&] { return StoredPhotos(stack.dir() / "photos").unfinished_files() == 0; }));
        CHECK(wait_until(30s, [&] { return files_below(stack.dir() / "tmp").empty(); }));
        CHECK(wait_until(30s, is_broker_at_rest, 100ms));
        CHECK(
            wait_until(30s, [&] { return resources_of_family(nginx).descriptors <= nginx_holds.descriptors; }, 100ms));
    }
};

// A photograph that takes so many seconds at the pace of slow uploads: what it lacks is a comment.
std::string slow_picture(const Stack& stack, std::size_t seconds) {
    const auto file = stack.dir() / "small.jpg";
    const RunResult made = run({"vips", "thumbnail", photos::flower().path.string(), file.string(), "100"});
    if (!made.ok()) FAIL("vips makes no small picture: " << made.err);
    const std::string picture = read_file(file);
    const std::size_t wanted = seconds * SlowUploads::kBytesASecond;
    REQUIRE(picture.size() < wanted);
    return with_comment(picture, std::string(wanted - picture.size() - 4, '.'));
}

std::string head_of_upload(const std::string& fields) {
    return "POST /api/photos HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nThumb-Auth: " +
           service_auth("POST", "/api/photos") + "\r\n" + fields + "\r\n";
}

std::string length_of(const std::string& body) {
    return "Content-Length: " + std::to_string(body.size()) + "\r\n";
}

// How long others waited: of each kind, the share of `per cent` was faster than this.
struct Waits {
    std::vector<milliseconds> all;

    void add(const Response& response) { all.push_back(response.elapsed); }
    milliseconds percentile(std::size_t per_cent) {
        std::ranges::sort(all);
        return all.empty() ? 0ms : all[std::min(all.size() - 1, all.size() * per_cent / 100)];
    }
    std::string text() {
        return std::to_string(all.size()) + ", median " + std::to_string(percentile(50).count()) + " ms, p99 " +
               std::to_string(percentile(99).count()) + " ms";
    }
};

}  // namespace

TEST_CASE("an upload of hundreds of megabytes is refused at its head, or taken in bounded memory and kept as it came") {
    const std::size_t mib = setting("THUMBGATE_UPLOAD_MIB", 100);
    Stack stack({.edits = {{"nginx.conf", "client_max_body_size 65m", "client_max_body_size 1g"}},
                 .thumbgated_flags = {"--max-upload-bytes", "1GiB", "--converters", "1"}});
    RawConnection too_large({.port = stack.port()});
    too_large.send(head_of_upload("Content-Length: " + std::to_string(2048 * kMiB) + "\r\n"));
    CHECK(parse_response(too_large.read_until("\r\n\r\n", 20s)).status == 413);
    CookieJar jar;
    stack.upload(photos::flower(), &jar);
    // A JPEG ends with its last marker; what follows belongs to the file, and to no picture.
    const auto file = stack.dir() / "huge.jpg";
    std::filesystem::copy_file(photos::flower().path, file);
    std::filesystem::resize_file(file, mib * kMiB);
    const std::uint64_t broker_before = resident_bytes(stack.backend().pid());
    std::uint64_t nginx_before = resident_bytes(stack.edge().pid());
    for (const pid_t pid : descendants_of(stack.edge().pid())) nginx_before += resident_bytes(pid);
    const MemoryWatch broker(stack.backend().pid(), false);
    const MemoryWatch converters(stack.backend().zygote_pid());
    const MemoryWatch nginx(stack.edge().pid());
    const Response response = stack.send({.url = "/api/photos",
                                          .method = "POST",
                                          .form = {{.name = "photo", .file = file}},
                                          .jar = &jar,
                                          .timeout = 100s});
    const std::string figures =
        std::to_string(mib) + " MiB in " + std::to_string(response.elapsed.count()) + " ms; MiB at most: thumbgated " +
        std::to_string(broker.most() / kMiB) + " (" + std::to_string(broker_before / kMiB) +
        " before), zygote and converters " + std::to_string(converters.most() / kMiB) + ", nginx " +
        std::to_string(nginx.most() / kMiB) + " (" + std::to_string(nginx_before / kMiB) + " before)";
    if (mib >= 500) WARN(figures);
    INFO(figures);
    INFO(response);
    REQUIRE(response.status == 201);
    const Uploaded photo = photo_in(parse_json(response.body));
    CHECK(photo.bytes == static_cast<int64_t>(mib * kMiB));
    CHECK(broker.most() < broker_before + 16 * kMiB);
    CHECK(nginx.most() < nginx_before + 16 * kMiB);
    CHECK(StoredPhotos(stack.dir() / "photos").is_whole(photo.id, checksum_of(file)));
    CHECK(stack.get(photo.thumbnails.at(320)).status == 200);
    CHECK(files_below(stack.dir() / "tmp").empty());
}

TEST_CASE("two hundred uploads at a kilobyte a second starve nobody, and are taken at their end") {
    const std::size_t seconds = setting("THUMBGATE_SLOW_SECONDS", 6);
    constexpr std::size_t kUploads = 200;
    Stack stack({.edits = MixedLoad::without_rate_limits(), .thumbgated_flags = {"--converters", "2"}});
    CookieJar jar;
    const Uploaded photo = stack.upload(photos::meadow(), &jar);
    const std::string cached = photo.thumbnails.at(320);
    stack.get_cached(cached);
    const AtRest before(stack);
    SlowUploads slow({.port = stack.port()}, slow_picture(stack, seconds), kUploads);
    Waits hits, misses, uploads;
    // In the last second they end, all of them at once.
    const auto ends = std::chrono::steady_clock::now() + std::chrono::seconds(seconds - 1);
    for (int i = 0; std::chrono::steady_clock::now() < ends; ++i) {
        for (int repeat = 0; repeat < 5; ++repeat) {
            const Response hit = stack.get(cached);
            CHECK(is_from_cache(hit));
            hits.add(hit);
        }
        const Response miss = stack.get(stack.thumbnail(photo.id, "/w:" + std::to_string(100 + i) + "/f:jpeg"));
        CHECK(miss.status == 200);
        misses.add(miss);
        if (i % 4 == 0) uploads.add(stack.upload(photos::flower(), &jar).response);
        std::this_thread::sleep_for(20ms);
    }
    const std::string figures = "hits: " + hits.text() + "; misses: " + misses.text() + "; uploads: " + uploads.text();
    if (seconds >= 60) WARN(figures);
    INFO(figures);
    CHECK(hits.percentile(99) < 1s);
    CHECK(misses.percentile(99) < 5s);
    CHECK(uploads.percentile(99) < 5s);
    const std::size_t taken = slow.answered_by(201);
    // They end at once: those that are too many at that moment are told to come again.
    CHECK(taken + slow.answered_by(503) == kUploads);
    CHECK(taken > kUploads / 2);
    before.check_what_is_open();
}

TEST_CASE("uploads that are given up at any byte leave no file, descriptor or charge, at the edge or behind it") {
    Stack stack({.edits = MixedLoad::without_rate_limits()});
    CookieJar jar;
    stack.upload(photos::meadow(), &jar);
    const std::string quota = stack.get("/api/sessions/current", {}, &jar).body;
    const std::string counted = stack.redis().command({"KEYS", "*address_uploads*192.0.2.1*"});
    CHECK(counted.empty());
    const AtRest before(stack);
    const std::string picture = read_file(photos::storm().path);
    const std::string cookie = "Cookie: thumbgate=" + jar.value("thumbgate") + "\r\n";
    std::mt19937 random(8);
    for (int i = 0; i < 200; ++i) {
        const bool at_the_edge = i % 2 == 0;
        const std::string message =
            head_of_upload((at_the_edge ? cookie : std::string()) + length_of(picture)) + picture;
        RawConnection connection(at_the_edge ? Endpoint{.port = stack.port()}
                                             : Endpoint{.unix_socket = stack.backend_socket()});
        connection.send(std::string_view(message).substr(0, random() % message.size()));
    }
    before.check();
    CHECK(stack.get("/api/sessions/current", {}, &jar).body == quota);
    CHECK(stack.redis().command({"KEYS", "*address_uploads*192.0.2.1*"}) == counted);
    CHECK(parse_json(stack.get("/api/photos", {}, &jar).body).at("photos").as_array().size() == 1);
    CHECK(stack.upload(photos::flower(), &jar).response.status == 201);
}

TEST_CASE("a body that is not what its header says is refused, at the edge and behind it, and nothing of it is kept") {
    Stack stack({.edits = MixedLoad::without_rate_limits()});
    stack.upload(photos::meadow());
    const AtRest before(stack);
    const std::string picture = read_file(photos::flower().path);
    const std::string half = picture.substr(0, picture.size() / 2);
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    const std::string of_nothing = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
    struct Lie {
        const char* name;
        std::string fields;
        std::string body;
        int status;
    };
    const std::vector<Lie> lies{
        {"another digest", length_of(picture) + "Content-Digest: " + of_nothing + "\r\n", picture, 400},
        {"half of its length", length_of(half), picture, 422},
        {"two lengths", length_of(picture) + length_of(half), picture, 400},
        {"a length that is no number", "Content-Length: many\r\n", picture, 400},
        {"a negative length", "Content-Length: -1\r\n", picture, 400},
        {"a length and chunks", length_of(picture) + chunked, picture, 400},
        {"a chunk whose size is no number", chunked, "zz\r\n" + picture, 400},
        {"a chunk that is longer than it says", chunked, "10\r\n" + picture + "\r\n0\r\n\r\n", 400},
    };
    for (const Lie& lie : lies) {
        for (const bool at_the_edge : {true, false}) {
            INFO(lie.name << (at_the_edge ? ", at the edge" : ", behind it"));
            const Endpoint door =
                at_the_edge ? Endpoint{.port = stack.port()} : Endpoint{.unix_socket = stack.backend_socket()};
            const Response response = raw_request(door, head_of_upload(lie.fields) + lie.body, 20s);
            INFO(response);
            CHECK(response.status == lie.status);
        }
    }
    before.check();
}

TEST_CASE("chunks without an end are given up when nothing more comes, and nothing of them stays") {
    Stack stack({.edits = {{"nginx.conf", "listen 127.0.0.1:", "client_body_timeout 1s; listen 127.0.0.1:"}}});
    stack.upload(photos::meadow());
    const AtRest before(stack);
    RawConnection connection({.port = stack.port()});
    connection.send(head_of_upload("Transfer-Encoding: chunked\r\n"));
    const std::string picture = read_file(photos::flower().path);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", picture.size());
    connection.send(size + picture + "\r\n");
    CHECK(connection.closed_within(20s));
    before.check();
}
