// Taking a socket, and only one that is nobody else's.
#include "backend/http/listener.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/sockets.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

SocketAddress at(const std::filesystem::path& path) {
    return UnixAddress{path.string()};
}

}  // namespace

TEST_CASE("a unix socket is open to the service's owner and group alone") {
    const TempDir dir;
    const auto listener = Listener::open(at(dir / "s"));
    REQUIRE(listener);
    struct stat facts{};
    REQUIRE(::stat((dir / "s").c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0660);
    CHECK(accepts_connections({.unix_socket = dir / "s"}));
}

TEST_CASE("a second instance is refused while the first lives, and not after") {
    const TempDir dir;
    {
        const auto first = Listener::open(at(dir / "s"));
        REQUIRE(first);
        const auto second = Listener::open(at(dir / "s"));
        REQUIRE_FALSE(second);
        CHECK_THAT(second.error(), contains("another thumbgated listens"));
        CHECK(accepts_connections({.unix_socket = dir / "s"}));
    }
    CHECK_FALSE(std::filesystem::exists(dir / "s"));
    CHECK(Listener::open(at(dir / "s")));
}

TEST_CASE("a socket that a crashed instance left is replaced") {
    const TempDir dir;
    {
        auto crashed = Listener::open(at(dir / "s"));
        REQUIRE(crashed);
        const thumbgate::UniqueFd socket(crashed->release_fd());
        std::filesystem::rename(dir / "s", dir / "kept");
    }
    std::filesystem::rename(dir / "kept", dir / "s");
    CHECK_FALSE(accepts_connections({.unix_socket = dir / "s"}));
    const auto next = Listener::open(at(dir / "s"));
    REQUIRE(next);
    CHECK(accepts_connections({.unix_socket = dir / "s"}));
}

TEST_CASE("a socket that another program listens on is not taken") {
    const TempDir dir;
    const auto other = Listener::open(at(dir / "other"));
    REQUIRE(other);
    std::filesystem::rename(dir / "other", dir / "s");
    const auto listener = Listener::open(at(dir / "s"));
    REQUIRE_FALSE(listener);
    CHECK_THAT(listener.error(), contains("another process listens"));
    CHECK(accepts_connections({.unix_socket = dir / "s"}));
}

TEST_CASE("a file that is no socket is not removed") {
    const TempDir dir;
    write_file(dir / "s", "precious");
    const auto listener = Listener::open(at(dir / "s"));
    REQUIRE_FALSE(listener);
    CHECK_THAT(listener.error(), contains("not a socket"));
    CHECK(read_file(dir / "s") == "precious");
}

TEST_CASE("a folder that is not there is named") {
    const TempDir dir;
    const auto listener = Listener::open(at(dir / "nowhere" / "s"));
    REQUIRE_FALSE(listener);
    CHECK_THAT(listener.error(), contains("nowhere"));
}

TEST_CASE("loopback is listened on, a public address is not") {
    const Port port;
    CHECK(Listener::open(TcpAddress{"127.0.0.1", port.number()}));
    const auto refused = Listener::open(TcpAddress{"0.0.0.0", port.number()});
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error(), contains("\"0.0.0.0:"));
    CHECK_THAT(refused.error(), contains("not a private address"));
}

TEST_CASE("a socket that is passed is taken over, and left as it was") {
    const TempDir dir;
    const auto theirs = listen_on(dir / "s");
    {
        const auto listener = Listener::adopt(thumbgate::UniqueFd(::dup(theirs.get())), at(dir / "x" / ".." / "s"));
        REQUIRE(listener);
        CHECK(listener->is_adopted());
        CHECK_FALSE(std::filesystem::exists(dir / "s.lock"));
    }
    CHECK(accepts_connections({.unix_socket = dir / "s"}));
}

TEST_CASE("a socket that is passed but is not the one to listen on is refused, with both") {
    const TempDir dir;
    const auto theirs = listen_on(dir / "s");
    const auto passed = [&] { return thumbgate::UniqueFd(::dup(theirs.get())); };
    const auto elsewhere = Listener::adopt(passed(), at(dir / "other"));
    REQUIRE_FALSE(elsewhere);
    CHECK_THAT(elsewhere.error(), contains("listens elsewhere") && contains("/other"));
    CHECK_FALSE(Listener::adopt(passed(), TcpAddress{"127.0.0.1", 8000}));
    const auto no_listener =
        Listener::adopt(thumbgate::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), at(dir / "s"));
    REQUIRE_FALSE(no_listener);
    CHECK_THAT(no_listener.error(), contains("not a listening stream socket"));
    CHECK_FALSE(Listener::adopt(thumbgate::UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)), at(dir / "s")));
}

TEST_CASE("a TCP socket that is passed has to have the address and the port that are to be listened on") {
    const Port port;
    auto made = Listener::open(TcpAddress{"127.0.0.1", port.number()});
    REQUIRE(made);
    const thumbgate::UniqueFd theirs(made->release_fd());
    const auto passed = [&] { return thumbgate::UniqueFd(::dup(theirs.get())); };
    CHECK(Listener::adopt(passed(), TcpAddress{"127.0.0.1", port.number()}));
    CHECK_FALSE(Listener::adopt(passed(), TcpAddress{"127.0.0.2", port.number()}));
    CHECK_FALSE(Listener::adopt(passed(), TcpAddress{"127.0.0.1", static_cast<std::uint16_t>(port.number() ^ 1)}));
}
