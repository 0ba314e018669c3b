// Bodies that are read while they are sent: whole, in part, to readers who are slow, and from sources that fail.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "backend/http/server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/sockets.hpp"
#include "tests/unit/backend_fakes.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace asio = boost::asio;
using Wanted = thumbgate::Request;
using Answer = thumbgate::Response;

namespace {

constexpr std::size_t kPiece = 64 * 1024;

// What a test wants of the next body, and sees of it.
struct Script {
    std::uint64_t size = 3 * kPiece + 5;
    std::uint64_t fails_at = UINT64_MAX;
    bool lies = false;  // gives more than it said
    std::uint64_t given = 0;
    int alive = 0;  // bodies that are still there
};

// "abc…" over and over.
class Letters final : public BodySource {
  public:
    explicit Letters(Script& script) : script_(script) { ++script_.alive; }
    Letters(const Letters&) = delete;
    Letters& operator=(const Letters&) = delete;
    ~Letters() override { --script_.alive; }

    std::uint64_t size() const override { return script_.size; }
    asio::awaitable<Result<std::string_view>> next() override {
        if (script_.given >= script_.fails_at) co_return fail(503, "storage_timeout", "");
        const std::uint64_t most = script_.lies ? kPiece : script_.size - script_.given;
        piece_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, most)));
        for (std::size_t i = 0; i < piece_.size(); ++i) piece_[i] = letter(script_.given + i);
        script_.given += piece_.size();
        co_return std::string_view(piece_);
    }
    static char letter(std::uint64_t at) { return static_cast<char>('a' + at % 26); }

  private:
    Script& script_;
    std::string piece_;
};

class Streaming {
  public:
    explicit Streaming(Script script = {}, ServerLimits limits = {}) : script_(script) {
        auto listener = Listener::open(UnixAddress{(dir_ / "s").string()});
        REQUIRE(listener);
        server_.emplace(
            io_.get_executor(), std::move(*listener), limits, [this](Wanted& request) { return answer(request); },
            [this](const Error& error) { told_ += error.code + " "; });
        server_->start();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Streaming() {
        io_.stop();
        thread_.join();
    }

    RawConnection connect() const { return RawConnection(Endpoint{.unix_socket = dir_ / "s"}); }
    template <typename Look>
    auto look(Look what) {
        using Seen = decltype(what(script_));
        return asio::post(io_, std::packaged_task<Seen()>([this, what] { return what(script_); })).get();
    }
    std::uint64_t given() {
        return look([](const Script& script) { return script.given; });
    }
    int alive() {
        return look([](const Script& script) { return script.alive; });
    }
    std::string told() {
        return look([this](const Script&) { return told_; });
    }

  private:
    asio::awaitable<Answer> answer(Wanted& request) {
        Answer response;
        if (request.path == "/plain") {
            response.body = "plain";
        } else {
            script_.given = 0;
            response.source = std::make_shared<Letters>(script_);
        }
        co_return response;
    }

    TempDir dir_;
    Script script_;
    std::string told_;
    asio::io_context io_{1};
    std::optional<Server> server_;
    std::thread thread_;
};

bool is_alphabet(std::string_view body) {
    for (std::size_t i = 0; i < body.size(); ++i) {
        if (body[i] != Letters::letter(i)) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("a body that is read while it is sent arrives whole, and its connection is kept") {
    Streaming server;
    RawConnection connection = server.connect();
    connection.send("GET /letters HTTP/1.1\r\n\r\nGET /plain HTTP/1.1\r\n\r\n");
    const std::string head = connection.read_until("\r\n\r\n");
    CHECK_THAT(head, contains("Content-Length: " + std::to_string(3 * kPiece + 5)));
    CHECK_THAT(head, !contains("chunked"));
    const std::string body = connection.read_bytes(3 * kPiece + 5, 10s);
    CHECK(body.size() == 3 * kPiece + 5);
    CHECK(is_alphabet(body));
    CHECK_THAT(connection.read_until("plain"), contains("200 OK"));
    CHECK(wait_until(10s, [&] { return server.alive() == 0; }));
}

TEST_CASE("HEAD has the length of such a body, and nothing of it is read") {
    Streaming server;
    RawConnection connection = server.connect();
    connection.send("HEAD /letters HTTP/1.1\r\n\r\nGET /plain HTTP/1.1\r\n\r\n");
    CHECK_THAT(connection.read_until("\r\n\r\n"), contains("Content-Length: " + std::to_string(3 * kPiece + 5)));
    CHECK(connection.read_bytes(8) == "HTTP/1.1");
    CHECK(server.given() == 0);
}

TEST_CASE("a body of no bytes is never asked for one") {
    Streaming server({.size = 0, .fails_at = 0});
    RawConnection connection = server.connect();
    connection.send("GET /letters HTTP/1.1\r\n\r\nGET /plain HTTP/1.1\r\n\r\n");
    CHECK_THAT(connection.read_until("\r\n\r\n"), contains("Content-Length: 0"));
    CHECK_THAT(connection.read_until("plain"), contains("200 OK"));
}

TEST_CASE("a source that fails in the middle ends the connection, and somebody is told") {
    Streaming server({.fails_at = 2 * kPiece});
    RawConnection connection = server.connect();
    connection.send("GET /letters HTTP/1.1\r\n\r\nGET /plain HTTP/1.1\r\n\r\n");
    const std::string all = connection.read_to_close(10s);
    CHECK_THAT(all, contains("Content-Length: " + std::to_string(3 * kPiece + 5)) && !contains("plain"));
    CHECK(all.size() - all.find("\r\n\r\n") - 4 == 2 * kPiece);
    CHECK(connection.closed_within(10s));
    CHECK(server.told() == "storage_timeout ");
    CHECK(server.alive() == 0);
}

TEST_CASE("a source that gives more than it said ends the connection instead of breaking the next answer") {
    Streaming server({.size = kPiece + 1, .lies = true});
    RawConnection connection = server.connect();
    connection.send("GET /letters HTTP/1.1\r\n\r\n");
    connection.read_to_close(10s);
    CHECK(connection.closed_within(10s));
    CHECK(server.told() == "body_size ");
}

TEST_CASE("a reader who stops is read for no further, and is given up after a time") {
    ServerLimits limits;
    limits.stream_timeout = std::chrono::seconds(1);
    Streaming server({.size = 64 << 20}, limits);
    RawConnection connection = server.connect();
    connection.send("GET /letters HTTP/1.1\r\n\r\n");
    CHECK(wait_until(10s, [&] { return server.given() > 0; }));
    // What fits into the socket, and one piece.
    CHECK(wait_until(10s, [&] { return server.alive() == 0; }));
    CHECK(server.given() < (4 << 20));
    CHECK(server.told().empty());
}

TEST_CASE("a reader who takes a little now and then gets all of it") {
    ServerLimits limits;
    limits.stream_timeout = std::chrono::seconds(10);
    Streaming server({.size = 2 << 20}, limits);
    RawConnection connection = server.connect();
    connection.send("GET /letters HTTP/1.1\r\n\r\n");
    connection.read_until("\r\n\r\n");
    std::string body;
    while (body.size() < (2 << 20)) {
        const std::string some = connection.read_bytes(100'000, 10s);
        if (some.empty()) break;
        body += some;
        if (body.size() + kPiece < (2 << 20)) CHECK(server.given() < body.size() + (1 << 20));
    }
    CHECK(body.size() == 2 << 20);
    CHECK(is_alphabet(body));
}

TEST_CASE("a reader who goes away leaves nothing behind") {
    Streaming server({.size = 64 << 20});
    {
        RawConnection connection = server.connect();
        connection.send("GET /letters HTTP/1.1\r\n\r\n");
        connection.read_bytes(1000);
    }
    CHECK(wait_until(10s, [&] { return server.alive() == 0; }));
    CHECK(server.given() < (64 << 20));
}
