// Uploads that are large, slow or given up: memory and disk.
#include "tests/support/bombs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory.hpp"
#include "tests/support/service_request.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

constexpr std::size_t kMiB = 1 << 20;
constexpr std::size_t kPieces = 300;  // of a MiB each

std::string hex(std::size_t number) {
    char text[20];
    std::snprintf(text, sizeof text, "%zx", number);
    return text;
}

std::string head(const std::string& framing) {
    return "POST /api/photos HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nThumb-Auth: " +
           service_auth("POST", "/api/photos") + "\r\n" + framing + "\r\n\r\n";
}

// A PNG up to a chunk that nobody knows, of so many bytes, of which the zeros are still to come.
std::string start_of_large_png(std::size_t zeros) {
    const std::string png = bombs::png(64, 64);
    std::string length;
    for (int shift = 24; shift >= 0; shift -= 8) length += static_cast<char>(zeros >> static_cast<unsigned>(shift));
    constexpr std::size_t kHeader = 33;  // magic and IHDR
    return png.substr(0, kHeader) + length + "tgTg";
}

std::string chunked(const std::string& bytes) {
    return hex(bytes.size()) + "\r\n" + bytes + "\r\n";
}

std::string answer_on(RawConnection& connection) {
    return connection.read_until("}", 40s);
}

struct Service {
    Stack stack{{.thumbgated_flags = {"--max-upload-bytes", "1GiB"}}};
    Endpoint door{.unix_socket = stack.backend().socket()};
    pid_t broker = stack.backend().pid();
};

}  // namespace

TEST_CASE("a large upload is written as it comes: the broker's memory does not grow with it") {
    Service service;
    const auto stored = service.stack.stored_files();
    const std::string piece(kMiB, '\0');
    const std::string start = start_of_large_png(kPieces * kMiB);
    service.stack.upload(photos::flower());
    const std::uint64_t before = resident_bytes(service.broker);
    for (const bool in_chunks : {true, false}) {
        INFO((in_chunks ? "chunked" : "with its length"));
        const MemoryWatch memory(service.broker, false);
        RawConnection connection(service.door);
        const auto frame = [&](const std::string& bytes) { return in_chunks ? chunked(bytes) : bytes; };
        const std::size_t length = start.size() + kPieces * kMiB;
        connection.send(head(in_chunks ? "Transfer-Encoding: chunked" : "Content-Length: " + std::to_string(length)));
        REQUIRE(connection.send(frame(start)));
        for (std::size_t i = 0; i < kPieces; ++i) REQUIRE(connection.send(frame(piece)));
        if (in_chunks) connection.send("0\r\n\r\n");
        const Response response = parse_response(answer_on(connection));
        INFO(response);
        CHECK(response.status == 422);
        CHECK(memory.most() < before + 16 * kMiB);
    }
    CHECK(service.stack.stored_files().size() == stored.size() + 3);
}

TEST_CASE("an upload that is given up leaves nothing behind") {
    Service service;
    const auto stored = service.stack.stored_files();
    const std::string piece(kMiB, '\0');
    {
        RawConnection connection(service.door);
        connection.send(head("Content-Length: " + std::to_string(100 * kMiB)));
        connection.send(start_of_large_png(90 * kMiB));
        for (int i = 0; i < 20; ++i) REQUIRE(connection.send(piece));
        // It is on the disk by now, under no name or one that nothing else looks for.
        CHECK(wait_until(10s, [&] { return service.stack.backend_metric("thumbgate_backend_connections") >= 2; }));
    }
    CHECK(wait_until(10s, [&] {
        return service.stack.backend_metric("thumbgate_backend_uploads_total", {{"result", "incomplete_body"}}) == 1;
    }));
    CHECK(service.stack.stored_files() == stored);
    CHECK(service.stack.upload(photos::flower()).response.status == 201);
}

TEST_CASE("a slow upload holds nobody up, and is accepted at its end") {
    Service service;
    const std::string picture = read_file(photos::flower().path);
    RawConnection connection(service.door);
    connection.send(head("Content-Length: " + std::to_string(picture.size())));
    constexpr std::size_t kSlices = 10;
    const std::size_t slice = picture.size() / kSlices + 1;
    for (std::size_t at = 0; at < picture.size(); at += slice) {
        REQUIRE(connection.send(picture.substr(at, slice)));
        CHECK(service.stack.upload(photos::meadow()).response.status == 201);
    }
    CHECK(parse_response(answer_on(connection)).status == 201);
}
