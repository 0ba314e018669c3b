// The Redis client against servers that answer, stop answering, talk nonsense and die.
#include <unistd.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <thread>

#include "backend/async.hpp"
#include "backend/sessions/redis_client.hpp"
#include "redis/protocol.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/backend_fakes.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace asio = boost::asio;

namespace {

using Socket = asio::local::stream_protocol::socket;

// A server on a thread of its own: what `reply` makes of each chunk that comes is sent back; nullopt closes.
class Server {
  public:
    using Reply = std::function<std::optional<std::string>(const std::string&)>;

    Server(const std::filesystem::path& path, Reply reply) : acceptor_(io_, {path.string()}), reply_(std::move(reply)) {
        asio::co_spawn(io_, accept(), asio::detached);
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Server() {
        io_.stop();
        thread_.join();
    }

  private:
    asio::awaitable<void> accept() {
        for (;;) {
            Socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
            asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
        }
    }
    asio::awaitable<void> serve(Socket socket) {
        std::string bytes(4096, '\0');
        for (;;) {
            const std::size_t count = co_await socket.async_read_some(asio::buffer(bytes), asio::use_awaitable);
            const auto answer = reply_(bytes.substr(0, count));
            if (!answer) co_return;
            co_await asio::async_write(socket, asio::buffer(*answer), asio::use_awaitable);
        }
    }

    asio::io_context io_{1};
    asio::local::stream_protocol::acceptor acceptor_;
    Reply reply_;
    std::thread thread_;
};

// Answers PING, until it sees a GET: from then on it is silent.
Server::Reply silent_after_get() {
    return [silent = false](const std::string& bytes) mutable {
        silent = silent || bytes.find("GET") != std::string::npos;
        return std::string(silent ? "" : "+PONG\r\n");
    };
}

struct Fixture {
    TempDir dir;
    asio::io_context io{1};
    std::vector<std::string> changes;
    std::unique_ptr<RedisClient> client;

    void start(milliseconds deadline = 200ms) {
        RedisConfig config;
        config.address = UnixAddress{(dir / "redis").string()};
        config.deadline = deadline;
        config.min_pause = 10ms;
        config.max_pause = 50ms;
        config.ping_interval = 50ms;
        client = std::make_unique<RedisClient>(io.get_executor(), config, [this](bool up, std::string_view reason) {
            changes.push_back(up ? "up" : "down: " + std::string(reason));
        });
        client->start();
    }
    bool becomes(bool up) {
        return wait_until(10s, [&] {
            io.restart();
            io.run_for(5ms);
            return client->is_up() == up && !changes.empty();
        });
    }
    Result<RedisReply> ask(std::vector<std::string> command) {
        return run_coroutine(io, client->command(std::move(command)));
    }
    milliseconds time_of(const std::vector<std::string>& command) {
        const auto begin = std::chrono::steady_clock::now();
        CHECK(ask(command).error().status == 503);
        return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
    }
};

}  // namespace

TEST_CASE("a command is answered by its own reply, in order, also when many are under way") {
    Fixture f;
    const Server server(f.dir / "redis", [](const std::string& bytes) {
        std::string replies;
        for (std::size_t at = bytes.find('$'); at != std::string::npos; at = bytes.find('$', at + 1)) {
            const std::string_view word = std::string_view(bytes).substr(at + 4);
            if (word.starts_with("PING")) replies += "+PONG\r\n";
            if (word.starts_with("k")) replies += "$1\r\n" + std::string(word.substr(1, 1)) + "\r\n";
        }
        return replies;
    });
    f.start();
    REQUIRE(f.becomes(true));
    std::vector<std::future<Result<RedisReply>>> replies;
    for (int i = 0; i < 9; ++i) {
        std::vector<std::string> command{"GET", "k" + std::to_string(i)};
        replies.push_back(asio::co_spawn(f.io, f.client->command(command), asio::use_future));
    }
    CHECK(f.ask({"GET", "k9"})->text == "9");
    for (int i = 0; i < 9; ++i) CHECK(replies[static_cast<std::size_t>(i)].get()->text == std::to_string(i));
}

TEST_CASE("a command that comes as the service starts waits until it is known whether Redis answers") {
    Fixture f;
    SECTION("it does") {
        const Server server(f.dir / "redis", [](const std::string&) { return "+PONG\r\n"; });
        f.start(5s);
        CHECK(f.ask({"GET", "x"})->text == "PONG");
    }
    SECTION("it does not") {
        f.start(5s);
        CHECK(f.time_of({"GET", "x"}) < 4s);
    }
    SECTION("it never says") {
        const Server server(f.dir / "redis", [](const std::string&) { return ""; });
        f.start(200ms);
        CHECK(f.time_of({"GET", "x"}) < 4s);
    }
}

TEST_CASE("a server that accepts and never answers is not up, and costs a command nothing") {
    Fixture f;
    const Server server(f.dir / "redis", [](const std::string&) { return ""; });
    f.start();
    REQUIRE(f.becomes(false));
    CHECK_THAT(f.changes.at(0), contains("no answer within 200 ms"));
    CHECK(f.time_of({"GET", "x"}) < 190ms);
}

TEST_CASE("a server that stops answering fails a command at its deadline, and the next at once") {
    Fixture f;
    const Server server(f.dir / "redis", silent_after_get());
    f.start();
    REQUIRE(f.becomes(true));
    const auto took = f.time_of({"GET", "x"});
    CHECK(took >= 190ms);
    CHECK(took < 1500ms);
    CHECK(f.time_of({"GET", "x"}) < 190ms);
}

TEST_CASE("a server that talks nonsense is down, whatever it says") {
    for (const std::string& nonsense :
         {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string("+NOT PONG\r\n"), std::string("$-7\r\n"),
          std::string("*99999999999\r\n"), std::string("\0\0\0\0\r\n", 6), std::string("+PONG\r\n+PONG\r\n+PONG\r\n"),
          std::string("-NOAUTH Authentication required.\r\n")}) {
        CAPTURE(nonsense);
        Fixture f;
        const Server server(f.dir / "redis", [&](const std::string&) { return nonsense; });
        f.start();
        REQUIRE(wait_until(10s, [&] {
            f.io.restart();
            f.io.run_for(5ms);
            return !f.changes.empty() && f.changes.back().starts_with("down");
        }));
    }
}

TEST_CASE("a server that dies in mid-command fails it at once, and is found again when it is back") {
    Fixture f;
    {
        const Server server(f.dir / "redis", [](const std::string& bytes) -> std::optional<std::string> {
            if (bytes.find("GET") != std::string::npos) return std::nullopt;
            return "+PONG\r\n";
        });
        f.start();
        REQUIRE(f.becomes(true));
        CHECK(f.time_of({"GET", "x"}) < 190ms);
    }
    REQUIRE(f.becomes(false));
    ::unlink((f.dir / "redis").c_str());
    const Server server(f.dir / "redis", silent_after_get());
    CHECK(f.becomes(true));
}

TEST_CASE("without a server there is no waiting, and the reason is told once") {
    Fixture f;
    f.start();
    REQUIRE(f.becomes(false));
    CHECK(f.time_of({"GET", "x"}) < 190ms);
    f.io.restart();
    f.io.run_for(200ms);
    CHECK(f.changes == std::vector<std::string>{"down: No such file or directory"});
}

TEST_CASE("an error reply fails its command, not the connection") {
    Fixture f;
    const Server server(f.dir / "redis", [](const std::string& bytes) {
        return bytes.find("GET") != std::string::npos ? "-MISCONF no\r\n" : "+PONG\r\n";
    });
    f.start();
    REQUIRE(f.becomes(true));
    const auto reply = f.ask({"GET", "x"});
    CHECK(reply.error().detail == "MISCONF no");
    CHECK(f.client->is_up());
}

TEST_CASE("more commands than may wait are refused at once") {
    Fixture f;
    const Server server(f.dir / "redis", silent_after_get());
    f.start(20s);
    REQUIRE(f.becomes(true));
    std::vector<std::future<Result<RedisReply>>> replies;
    for (int i = 0; i < 1100; ++i) {
        std::vector<std::string> command{"GET", "x"};
        replies.push_back(asio::co_spawn(f.io, f.client->command(command), asio::use_future));
    }
    std::map<std::string, int> endings;
    const auto all_refusals = [&] {
        f.io.restart();
        f.io.run_for(5ms);
        for (auto& reply : replies) {
            if (reply.valid() && reply.wait_for(0ms) == std::future_status::ready)
                ++endings[reply.get().error().detail];
        }
        return !endings.empty() && endings.begin()->second >= 76;
    };
    CHECK(wait_until(10s, all_refusals));
    for (const auto& [ending, count] : endings) UNSCOPED_INFO(ending << ": " << count);
    CHECK(endings == std::map<std::string, int>{{"too many commands wait for an answer", 76}});
}

TEST_CASE("a client that stops fails what waits, and everything after") {
    Fixture f;
    const Server server(f.dir / "redis", silent_after_get());
    f.start();
    REQUIRE(f.becomes(true));
    std::vector<std::string> command{"GET", "x"};
    auto waiting = asio::co_spawn(f.io, f.client->command(command), asio::use_future);
    f.io.restart();
    f.io.run_for(20ms);
    f.client->stop();
    CHECK(f.ask({"GET", "x"}).error().status == 503);
    CHECK(waiting.get().error().status == 503);
}

TEST_CASE("replies of every type are read, in pieces too") {
    RedisParser parser;
    const std::string bytes = "$-1\r\n:42\r\n*2\r\n$1\r\na\r\n*1\r\n+b\r\n-ERR x\r\n$0\r\n\r\n";
    std::vector<RedisParser::Answer> answers;
    for (const char byte : bytes) {
        REQUIRE(parser.feed(std::string_view(&byte, 1)));
        while (auto answer = parser.next()) answers.push_back(std::move(*answer));
    }
    REQUIRE(answers.size() == 5);
    CHECK(answers[0]->type == RedisReply::Type::nil);
    CHECK(answers[1]->integer == 42);
    CHECK(answers[2]->list.at(1).list.at(0).text == "b");
    CHECK(answers[3].error() == "ERR x");
    CHECK(answers[4]->type == RedisReply::Type::text);
}

TEST_CASE("arguments are sent byte for byte, never as a format") {
    CHECK(format_redis_command({"SET", "%s\r\n", std::string("\0x", 2)}) ==
          std::string("*3\r\n$3\r\nSET\r\n$4\r\n%s\r\n\r\n$2\r\n\0x\r\n", 31));
}
