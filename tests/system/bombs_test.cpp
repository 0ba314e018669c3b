// Pictures made to exhaust whoever decodes them, through the running service: refused in time, and in bounded memory.
#include "tests/support/bombs.hpp"

#include <algorithm>
#include <functional>

#include "tests/support/catch.hpp"
#include "tests/support/memory.hpp"
#include "tests/support/service_request.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/stack.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate::test;

namespace {

constexpr auto kInTime = 2s;
constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kGiB = 1 << 30;

// What all of thumbgated's processes hold while they refuse; and while they decode the largest that they accept.
constexpr std::uint64_t kToRefuse = 512 * kMiB;
constexpr std::uint64_t kToDecode = 1536 * kMiB;

// Uploads as fast as they come.
struct Service : Stack {
    Service()
        : Stack({.edits = {{"nginx.conf", "rate=5r/s", "rate=1000r/s"}}, .thumbgated_flags = {"--converters", "2"}}) {}
};

struct Bomb {
    const char* name;
    std::function<std::string()> make;
    int status;
    const char* code;
};

std::vector<bombs::PngChunk> many(std::size_t count, const bombs::PngChunk& chunk) {
    return std::vector<bombs::PngChunk>(count, chunk);
}

std::string tiff_of_bands(std::uint32_t bands) {
    const std::string data = bombs::deflated_zeros(std::uint64_t{10'000} * 8'000 * bands);
    const auto size = static_cast<std::uint32_t>(data.size());
    return bombs::tiff({{256, 10'000}, {257, 8'000}, {278, 8'000}, {277, bands}, {259, 8}, {279, size}}, data);
}

// One tile of 1.6 GB for a picture of 100 × 100.
std::string tiff_of_one_tile() {
    constexpr std::uint32_t kSide = 40'000;
    const std::string data = bombs::deflated_zeros(std::uint64_t{kSide} * kSide);
    const auto size = static_cast<std::uint32_t>(data.size());
    return bombs::tiff(
        {{256, 100}, {257, 100}, {322, kSide}, {323, kSide}, {324, bombs::kTiffData}, {325, size}, {259, 8}}, data);
}

const std::vector<Bomb>& all_bombs() {
    static const std::vector<Bomb> kBombs{
        {"PNG of 60,000 x 60,000", [] { return bombs::png(60'000, 60'000); }, 422, "too_many_pixels"},
        {"the same, interlaced", [] { return bombs::png(60'000, 60'000, true); }, 422, "too_many_pixels"},
        {"PNG of one row", [] { return bombs::png(2'000'000, 1); }, 422, "side_too_long"},
        {"PNG with 16 GB of zTXt", [] { return bombs::png(9, 9, false, many(16, bombs::compressed_text(kGiB))); }, 422,
         "too_much_metadata"},
        {"PNG with 16 GB of iTXt",
         [] { return bombs::png(9, 9, false, many(16, bombs::compressed_international_text(kGiB))); }, 422,
         "too_much_metadata"},
        {"PNG with 16 GB of iCCP", [] { return bombs::png(9, 9, false, many(16, bombs::compressed_profile(kGiB))); },
         422, "too_much_metadata"},
        {"GIF of 100,000 frames", [] { return bombs::gif(1, 1, 100'000); }, 422, "too_many_frames"},
        {"GIF of 900 frames of 2000 x 2000", [] { return bombs::gif(2000, 2000, 900); }, 422, "too_many_pixels"},
        {"WebP of 5000 frames", [] { return bombs::webp(1, 5000); }, 422, "too_many_frames"},
        {"WebP of 300,000 frames", [] { return bombs::webp(1, 300'000); }, 422, "too_many_frames"},
        {"WebP of 900 frames of 16,000 x 16,000", [] { return bombs::webp(16'000, 900); }, 422, "too_many_pixels"},
        {"TIFF of 5000 pages", [] { return bombs::tiff_of_pages(5000); }, 422, "too_many_frames"},
        {"TIFF of 60,000 pages", [] { return bombs::tiff_of_pages(60'000); }, 422, "too_many_frames"},
        {"TIFF whose pages go round", [] { return bombs::tiff_without_end(); }, 422, "too_many_frames"},
        {"TIFF of ten bands", [] { return tiff_of_bands(10); }, 415, "unsupported"},
        {"TIFF of one huge tile", [] { return tiff_of_one_tile(); }, 422, "corrupt"},
        {"AVIF grid of 65,536 x 65,536", [] { return bombs::avif_grid(65'536); }, 422, "side_too_long"},
        {"AVIF grid of 16,384 x 16,384", [] { return bombs::avif_grid(16'384); }, 422, "too_many_pixels"},
        {"AVIF of 19,000 items", [] { return bombs::avif_of_items(19'000); }, 422, "too_much_metadata"},
        {"JPEG of 65,500 x 65,500", [] { return bombs::jpeg(65'500, 65'500); }, 422, "too_many_pixels"},
        {"JPEG of 5000 scans", [] { return bombs::jpeg_of_scans(9000, 5000); }, 422, "too_many_scans"},
        {"JPEG of a million comments", [] { return bombs::jpeg_of_comments(1'000'000); }, 422, "too_much_metadata"},
        {"JPEG of 63 MiB of zeros", [] { return bombs::jpeg_of_zeros(63 * kMiB); }, 422, "corrupt"},
        {"SVG of 100,000 groups", [] { return bombs::svg_of_groups(100'000); }, 422, "corrupt"},
        {"SVG of a billion laughs", [] { return bombs::svg_of_entities(9); }, 422, "corrupt"},
        {"SVG of 30,000 x 30,000", [] { return bombs::svg_of_size(30'000); }, 422, "too_many_pixels"},
        {"SVG of 5 MiB", [] { return bombs::svg_of_size(10) + std::string(5 * kMiB, ' '); }, 413, "svg_too_large"},
    };
    return kBombs;
}

enum class Door { nginx, backend };

Response upload(Service& service, Door door, const std::string& bytes) {
    Request request{.url = "/api/photos", .method = "POST", .body = bytes};
    request.headers = {{"Content-Type", "image/any"}, {"Expect", ""}};
    if (door == Door::nginx) return service.send(std::move(request));
    return service.backend().send(from_edge(std::move(request)));
}

// The better of two: the machine may be busy with something else.
Response upload_in_time(Service& service, Door door, const std::string& bytes) {
    Response response = upload(service, door, bytes);
    if (response.elapsed > kInTime) response = upload(service, door, bytes);
    return response;
}

void check_refusal(const Response& response, int status, const std::string& code) {
    INFO(response);
    REQUIRE(response.status == status);
    CHECK(response.elapsed <= kInTime);
    CHECK(response.header("content-type") == "application/problem+json");
    CHECK(text_at(parse_json(response.body), "type") == "urn:thumbgate:problem:" + code);
}

}  // namespace

TEST_CASE("every bomb is refused within two seconds by the limit that it breaks, and in bounded memory") {
    Service service;
    const auto stored = service.stored_files();
    const pid_t broker = service.backend().pid();
    const auto converters = service.backend().converter_pids();
    for (const Bomb& bomb : all_bombs()) {
        const std::string bytes = bomb.make();
        for (const Door door : {Door::nginx, Door::backend}) {
            INFO(bomb.name << (door == Door::nginx ? ", through nginx" : ", to thumbgated"));
            const MemoryWatch memory(broker);
            check_refusal(upload_in_time(service, door, bytes), bomb.status, bomb.code);
            CHECK(memory.most() < kToRefuse);
        }
    }
    // What was being received is removed by a thread of the storage.
    CHECK(wait_until(10s, [&] { return service.stored_files() == stored; }));
    // None of them so much as cost a converter.
    CHECK(service.backend().converter_pids() == converters);
    CHECK(service.backend_metric("thumbgate_backend_limit_refusals_total", {{"limit", "frames"}}) >= 10);
}

TEST_CASE("a picture at its limits is decoded in bounded memory") {
    Service service;
    const auto strip = [](std::uint32_t rows) {
        const std::string data = bombs::deflated_zeros(std::uint64_t{9900} * 9900);
        const auto size = static_cast<std::uint32_t>(data.size());
        return bombs::tiff({{256, 9900}, {257, 9900}, {278, rows}, {259, 8}, {279, size}}, data);
    };
    const std::vector<std::pair<const char*, std::string>> pictures{
        {"interlaced PNG", bombs::png(9900, 9900, true)},
        {"PNG with 3 GB of text", bombs::png(9, 9, false, many(3, bombs::compressed_text(kGiB)))},
        {"TIFF in one strip", strip(9900)},
        {"JPEG of 90 scans", bombs::jpeg_of_scans(9000, 90)},
        {"GIF of 900 frames", bombs::gif(300, 300, 900)},
        {"WebP of 900 frames", bombs::webp(300, 900)},
        {"TIFF of 900 pages", bombs::tiff_of_pages(900)},
    };
    for (const auto& [name, bytes] : pictures) {
        INFO(name);
        const MemoryWatch memory(service.backend().pid());
        const Response response = upload(service, Door::nginx, bytes);
        INFO(response);
        CHECK(response.status == 201);
        CHECK(memory.most() < kToDecode);
    }
}

namespace {

std::string head(const std::string& framing, Door door) {
    const std::string target = "/api/photos";
    std::string text = "POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n" + framing + "\r\n";
    if (door == Door::backend) text += "Thumb-Auth: " + service_auth("POST", target) + "\r\n";
    return text + "\r\n";
}

Endpoint endpoint(Service& service, Door door) {
    if (door == Door::nginx) return {.port = service.port()};
    return {.unix_socket = service.backend().socket()};
}

void check_too_large(const std::string& answer) {
    INFO(answer.substr(0, 1000));
    const Response response = parse_response(answer);
    CHECK(response.status == 413);
    CHECK(response.header("content-type") == "application/problem+json");
    CHECK_THAT(response.body, contains("413"));
}

}  // namespace

TEST_CASE("a gigabyte of zeros is refused by its announced length, before any of it is read") {
    Service service;
    for (const Door door : {Door::nginx, Door::backend}) {
        RawConnection connection(endpoint(service, door));
        connection.send(head("Content-Length: " + std::to_string(kGiB), door));
        connection.send("\xFF\xD8\xFF");
        check_too_large(connection.read_until("}", 10s));
    }
}

TEST_CASE("a gigabyte of zeros in chunks is refused as soon as it passes the limit") {
    Service service;
    const std::string zeros = "100000\r\n" + std::string(kMiB, '\0') + "\r\n";
    for (const Door door : {Door::nginx, Door::backend}) {
        const MemoryWatch memory(service.backend().pid());
        RawConnection connection(endpoint(service, door));
        connection.send(head("Transfer-Encoding: chunked", door));
        connection.send("3\r\n\xFF\xD8\xFF\r\n");
        std::size_t sent = 0;
        // What is beyond the limit is dropped, and at last the connection with it.
        while (sent < 70 && connection.send(zeros)) ++sent;
        CHECK(sent >= 60);
        check_too_large(connection.read_until("}", 10s));
        CHECK(memory.most() < kToRefuse);
    }
}
