// TCP ports that stay ours, and raw bytes over TCP and unix sockets for what no HTTP client would send.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/support/http.hpp"
#include "tests/support/unique_fd.hpp"
#include "tests/support/wait.hpp"

namespace thumbgate::test {

// A free port of 127.0.0.1, reserved while the object lives: its own socket stays bound, with SO_REUSEADDR and without
// listening. The kernel then gives the number to nobody who asks for any port, and a server that sets SO_REUSEADDR
// (nginx does) may still listen on it, stop, and listen again. So tests can run in parallel without a race.
class Port {
  public:
    Port();
    uint16_t number() const { return number_; }

  private:
    UniqueFd fd_;
    uint16_t number_ = 0;
};

// Where to connect: 127.0.0.1:port, or a unix socket.
struct Endpoint {
    uint16_t port = 0;
    std::filesystem::path unix_socket = {};
};

// One connection, byte by byte. Throws std::system_error when it cannot connect.
class RawConnection {
  public:
    explicit RawConnection(const Endpoint& to);
    // False when the other side has closed.
    bool send(std::string_view bytes);
    // Each of these returns less when the other side closes or `timeout` passes first.
    std::string read_until(std::string_view end, milliseconds timeout = 5s);  // with `end`
    std::string read_bytes(size_t count, milliseconds timeout = 5s);
    std::string read_to_close(milliseconds timeout = 5s);
    // True when the other side has closed (or reset) within `timeout`; what it sent before is dropped.
    bool closed_within(milliseconds timeout);
    void shut_down_sending();

  private:
    void receive(milliseconds timeout);
    template <typename Length>
    std::string take(Length&& length, milliseconds timeout);

    UniqueFd fd_;
    std::string received_;
    bool closed_ = false;
};

// A listening unix socket, as a service manager makes it; what is at `path` is replaced.
UniqueFd listen_on(const std::filesystem::path& path);

bool accepts_connections(const Endpoint& at);

// Sends `bytes` as they are, reads one response: to its Content-Length, to the close, or for `timeout`.
// Status 0 means that no status line came.
Response raw_request(const Endpoint& to, std::string_view bytes, milliseconds timeout = 5s);
inline Response raw_request(uint16_t port, std::string_view bytes, milliseconds timeout = 5s) {
    return raw_request(Endpoint{.port = port}, bytes, timeout);
}

}  // namespace thumbgate::test
