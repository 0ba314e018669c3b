// Taking a socket, and only one that is nobody else's.
#include "backend/http/listener.hpp"

#include <sys/stat.h>

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
