// Where a service listens or is found: a unix socket, or a numeric TCP address. Pure; thread-safe.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

namespace thumbgate {

struct UnixAddress {
    std::string path;
};

struct TcpAddress {
    std::string host;  // as written, without brackets
    std::uint16_t port = 0;
    bool is_v6 = false;
};

using SocketAddress = std::variant<UnixAddress, TcpAddress>;

// "run/thumbgated.sock", "unix:/run/x.sock" (a path has a "/"), "127.0.0.1:8000", "[fd00::1]:8000".
// The error is a sentence that names the text and what to write instead.
std::expected<SocketAddress, std::string> parse_address(std::string_view text);

// Loopback, RFC 1918, or a unique local address (RFC 4193): nothing that a stranger could route to.
bool is_private(const TcpAddress& address);

std::string to_string(const SocketAddress& address);

// The same for the socket calls. `length`: what of the storage is in use.
sockaddr_storage to_sockaddr(const SocketAddress& address, socklen_t& length);

}  // namespace thumbgate
