// Photos as they were uploaded, through the edge: byte for byte, to those who may have them, however slowly they read.
#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/memory.hpp"
#include "tests/support/resources.hpp"
#include "tests/support/service_request.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

constexpr std::size_t kMiB = 1 << 20;

struct Giving {
    TempDir dir;
    Stack stack;
    CookieJar owner;
    CookieJar stranger;

    explicit Giving(const StackOptions& options = {}) : stack(options) {}

    static std::string of_owner(const Uploaded& photo) { return "/api/photos/" + photo.id + "/original"; }
    static std::string of_link(const json::value& link, const Uploaded& photo) {
        return text_at(link, "page") + "/original/" + photo.id;
    }
    json::value share(const Uploaded& photo, const std::string& terms) {
        const Response made = stack.send({.url = "/api/photos/" + photo.id + "/links",
                                          .method = "POST",
                                          .body = R"({"expires_in": "1h")" + terms + "}",
                                          .jar = &owner});
        INFO(made);
        REQUIRE(made.status == 201);
        return parse_json(made.body);
    }
    // A real photograph, with so many bytes behind its end.
    Photo enlarged(std::size_t bytes) {
        Photo photo = photos::flower();
        std::string file = read_file(photo.path);
        file.reserve(file.size() + bytes);
        for (std::size_t i = 0; file.size() < bytes; ++i) file += static_cast<char>(i * 2654435761U >> 24U);
        photo.path = dir / "large.jpg";
        write_file(photo.path, file);
        return photo;
    }
    Photo drawing() {
        write_file(dir / "drawing.svg",
                   "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'><script>alert(1)</script>"
                   "<circle cx='20' cy='10' r='9' fill='red'/></svg>");
        return {dir / "drawing.svg", 40, 20};
    }
    bool is_nothing(const std::string& target, CookieJar* jar = nullptr) {
        const Response answer = stack.get(target, {}, jar);
        return answer.status == 404 && answer.body == stack.get("/s/" + std::string(26, 'a')).body;
    }
};

// Every signed target that a page names.
std::set<std::string> targets_in(const std::string& html) {
    std::set<std::string> targets;
    for (size_t at = html.find("/t/"); at != std::string::npos; at = html.find("/t/", at + 1)) {
        targets.insert(html.substr(at, html.find_first_of("\" ,", at) - at));
    }
    return targets;
}

}  // namespace

TEST_CASE("an original of every format is what was uploaded, byte for byte, for its owner and by a link") {
    Giving giving;
    struct Kind {
        Photo photo;
        std::string type;
        std::string ending;
    };
    const auto variant = [&](const std::string& ending) {
        return photos::converted(photos::meadow(), ending, giving.dir.path());
    };
    const std::vector<Kind> kinds{{photos::dune(), "image/jpeg", "jpg"},     {variant("png"), "image/png", "png"},
                                  {variant("webp"), "image/webp", "webp"},   {variant("avif"), "image/avif", "avif"},
                                  {variant("heic"), "image/heic", "heic"},   {variant("gif"), "image/gif", "gif"},
                                  {variant("tif"), "image/tiff", "tiff"},    {variant("jxl"), "image/jxl", "jxl"},
                                  {giving.drawing(), "image/svg+xml", "svg"}};
    for (const Kind& kind : kinds) {
        INFO(kind.photo.path);
        const std::string bytes = read_file(kind.photo.path);
        const Uploaded photo = giving.stack.upload(kind.photo, &giving.owner);
        const json::value link = giving.share(photo, R"(, "original": true)");
        for (const Response& original : {giving.stack.get(giving.of_owner(photo), {}, &giving.owner),
                                         giving.stack.get(giving.of_link(link, photo))}) {
            CHECK(original.status == 200);
            CHECK((original.body == bytes));
            CHECK(original.header("content-type") == kind.type);
            CHECK_THAT(original.header("content-disposition"), contains("attachment; filename=\"original-"));
            CHECK(original.header("content-disposition").ends_with("." + kind.ending + "\""));
            CHECK(original.header("x-content-type-options") == "nosniff");
            CHECK(original.header("cache-control") == "private, no-store");
            CHECK_THAT(original.header("content-security-policy"), contains("sandbox"));
        }
    }
    CHECK(giving.stack.cached_objects() == 0);
}

TEST_CASE("place and device are in the original, and in nothing else that a recipient gets") {
    Giving giving;
    const Photo camera = photos::with_gps(photos::dune(), giving.dir.path());
    const Uploaded photo = giving.stack.upload(camera, &giving.owner);
    const json::value link = giving.share(photo, R"(, "original": true)");
    const std::string original = giving.stack.get(giving.of_link(link, photo)).body;
    CHECK((original.contains("Exif") && original.contains("Pariser Platz")));
    const Response page = giving.stack.get(text_at(link, "page"));
    CHECK_THAT(page.body, contains("original/" + photo.id) && !contains("Pariser"));
    const auto shown = targets_in(page.body);
    CHECK(shown.size() >= 7);
    for (const std::string& target : shown) {
        INFO(target);
        const Response picture = giving.stack.get(target, {{"Accept", kAcceptsJpeg}});
        CHECK(picture.status == 200);
        CHECK_FALSE((picture.body.contains("Exif") || picture.body.contains("Pariser")));
    }
}

TEST_CASE("an original is for its owner and for a link that gives it, from everywhere else it is not there") {
    Giving giving;
    const Uploaded photo = giving.stack.upload(photos::flower(), &giving.owner);
    const Uploaded other = giving.stack.upload(photos::meadow(), &giving.owner);
    const Uploaded theirs = giving.stack.upload(photos::meadow(), &giving.stranger);
    CHECK(giving.stack.get(giving.of_owner(photo), {}, &giving.stranger).status == 404);
    CHECK(giving.stack.get(giving.of_owner(photo)).status == 401);
    const json::value with = giving.share(photo, R"(, "original": true)");
    const json::value without = giving.share(photo, "");
    const json::value bound = giving.share(photo, R"(, "original": true, "bound": true)");
    for (CookieJar* jar : {&giving.owner, &giving.stranger, static_cast<CookieJar*>(nullptr)}) {
        CHECK(giving.stack.get(giving.of_link(with, photo), {}, jar).status == 200);
        CHECK(giving.is_nothing(giving.of_link(without, photo), jar));
        CHECK(giving.is_nothing(giving.of_link(with, other), jar));
        CHECK(giving.is_nothing(giving.of_link(with, theirs), jar));
        const Response in_session = giving.stack.get(giving.of_link(bound, photo), {}, jar);
        CHECK(in_session.status == (jar == &giving.owner ? 200 : 404));
    }
    const auto send = [&](const std::string& method, const std::string& target) {
        return giving.stack.send({.url = target, .method = method, .jar = &giving.owner}).status;
    };
    CHECK(send("POST", giving.of_link(with, photo)) == 405);
    CHECK(send("HEAD", giving.of_link(with, photo)) == 200);
    CHECK(send("DELETE", "/api/links/" + text_at(with, "id")) == 204);
    CHECK(giving.is_nothing(giving.of_link(with, photo)));
    const json::value last = giving.share(photo, R"(, "original": true)");
    CHECK(send("DELETE", "/api/photos/" + photo.id) == 204);
    CHECK(giving.is_nothing(giving.of_link(last, photo)));
}

TEST_CASE("an open link gives the original without Redis, one for a session alone to nobody else") {
    Giving giving;
    const Uploaded photo = giving.stack.upload(photos::flower(), &giving.owner);
    const std::string open = giving.of_link(giving.share(photo, R"(, "original": true)"), photo);
    const std::string bound = giving.of_link(giving.share(photo, R"(, "original": true, "bound": true)"), photo);
    giving.stack.edge().expect_log("[error]");
    giving.stack.redis().settle();
    giving.stack.redis().kill();
    CHECK(giving.stack.get(open).status == 200);
    CHECK(giving.stack.get(bound).status == 404);
    giving.stack.redis().start();
}

TEST_CASE("a download that was cut off goes on where it ended") {
    Giving giving;
    const Photo large = giving.enlarged(5 * kMiB);
    const std::string bytes = read_file(large.path);
    const Uploaded photo = giving.stack.upload(large, &giving.owner);
    const std::string target = giving.of_link(giving.share(photo, R"(, "original": true)"), photo);
    const Response whole = giving.stack.get(target);
    CHECK(whole.header("accept-ranges") == "bytes");
    const std::string version = whole.header("etag");
    const Response rest = giving.stack.get(target, {{"Range", "bytes=3000000-"}, {"If-Range", version}});
    CHECK(rest.status == 206);
    CHECK(rest.header("content-range") ==
          "bytes 3000000-" + std::to_string(bytes.size() - 1) + "/" + std::to_string(bytes.size()));
    CHECK((rest.body == bytes.substr(3'000'000)));
    CHECK(giving.stack.get(target, {{"Range", "bytes=99999999-"}}).status == 416);
    const Response other = giving.stack.get(target, {{"Range", "bytes=3000000-"}, {"If-Range", "\"other\""}});
    CHECK(other.status == 200);
    CHECK((other.body == bytes));
}

TEST_CASE("twenty who read a large original slowly cost little memory, and hold nobody up") {
    Giving giving;
    const Uploaded photo = giving.stack.upload(giving.enlarged(48 * kMiB), &giving.owner);
    const json::value link = giving.share(photo, R"(, "original": true)");
    const std::string target = "/s/" + text_at(link, "id") + "/original/" + photo.id;
    const pid_t broker = giving.stack.backend().pid();
    const std::size_t files = resources_of(broker).files;
    const std::uint64_t before = resident_bytes(broker);
    {
        const MemoryWatch memory(broker, false);
        std::vector<RawConnection> readers;
        for (int i = 0; i < 20; ++i) {
            readers.emplace_back(Endpoint{.unix_socket = giving.stack.backend().socket()});
            readers.back().send("GET " + target + " HTTP/1.1\r\nHost: x\r\nThumb-Auth: " + service_auth("GET", target) +
                                "\r\n\r\n");
        }
        for (int round = 0; round < 20; ++round) {
            for (RawConnection& reader : readers) CHECK(reader.read_bytes(100'000, 20s).size() == 100'000);
        }
        CHECK(resources_of(broker).files == files + 20);
        CHECK(giving.stack.get(photo.thumbnails.at(320)).status == 200);
        CHECK(memory.most() < before + 6 * kMiB);
        INFO("memory grew by " << (memory.most() - before) / 1024 << " KiB");
        CHECK(memory.most() > 0);
    }
    CHECK(wait_until(20s, [&] { return resources_of(broker).files == files; }));
}

TEST_CASE("downloads that are given up leave no descriptor open, and nothing on the edge's disk") {
    Giving giving;
    const Uploaded photo = giving.stack.upload(giving.enlarged(20 * kMiB), &giving.owner);
    const json::value link = giving.share(photo, R"(, "original": true)");
    const std::string target = "/s/" + text_at(link, "id") + "/original/" + photo.id;
    const pid_t broker = giving.stack.backend().pid();
    giving.stack.get(target);
    const std::size_t files = resources_of(broker).files;
    for (int i = 0; i < 30; ++i) {
        RawConnection reader(Endpoint{.port = giving.stack.port()});
        reader.send("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(reader.read_bytes(50'000, 20s).size() == 50'000);
        CHECK(files_below(giving.stack.dir() / "tmp").empty());
    }
    CHECK(wait_until(20s, [&] { return resources_of(broker).files == files; }));
    CHECK(giving.stack.get(target).status == 200);
}

TEST_CASE("one address gets so many originals at once, and no more") {
    Giving giving;
    const Uploaded photo = giving.stack.upload(giving.enlarged(20 * kMiB), &giving.owner);
    const json::value link = giving.share(photo, R"(, "original": true)");
    const std::string target = "/s/" + text_at(link, "id") + "/original/" + photo.id;
    giving.stack.edge().expect_log("[error]");
    std::vector<RawConnection> readers;
    for (int i = 0; i < 10; ++i) {
        readers.emplace_back(Endpoint{.port = giving.stack.port()});
        readers.back().send("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK_THAT(readers.back().read_until("\r\n\r\n", 20s), contains("200 OK"));
    }
    CHECK(giving.stack.get(target).status == 429);
    CHECK(giving.stack.get(text_at(link, "page")).status == 200);
    readers.clear();
    CHECK(wait_until(20s, [&] { return giving.stack.get(target).status == 200; }));
}
