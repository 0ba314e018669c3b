#include "backend/http/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

std::expected<SocketAddress, std::string> parse_unix(std::string_view path) {
    if (path.size() > kMaxUnixPath) {
        return std::unexpected(quoted(path) + " is longer than the " + std::to_string(kMaxUnixPath) +
                               " bytes that a unix socket's path may have; use a shorter or a relative one");
    }
    return UnixAddress{std::string(path)};
}

std::optional<std::uint32_t> parse_v4(const std::string& host) {
    in_addr address{};
    if (::inet_pton(AF_INET, host.c_str(), &address) != 1) return std::nullopt;
    return ntohl(address.s_addr);
}

std::optional<in6_addr> parse_v6(const std::string& host) {
    in6_addr address{};
    if (::inet_pton(AF_INET6, host.c_str(), &address) != 1) return std::nullopt;
    return address;
}

bool is_private_v4(std::uint32_t address) {
    const auto in_net = [&](std::uint32_t net, unsigned bits) { return address >> (32 - bits) == net >> (32 - bits); };
    return in_net(0x7F000000, 8) || in_net(0x0A000000, 8) || in_net(0xAC100000, 12) || in_net(0xC0A80000, 16);
}

bool is_private_v6(const in6_addr& address) {
    return IN6_IS_ADDR_LOOPBACK(&address) || (address.s6_addr[0] & 0xFE) == 0xFC;
}

}  // namespace

std::expected<SocketAddress, std::string> parse_address(std::string_view text) {
    if (text.starts_with(kUnixPrefix) && text.size() > kUnixPrefix.size()) {
        return parse_unix(text.substr(kUnixPrefix.size()));
    }
    if (text.find('/') != std::string_view::npos) return parse_unix(text);
    const std::size_t colon = text.rfind(':');
    const auto bad = [&] {
        return std::unexpected(quoted(text) +
                               " is neither the path of a unix socket (with a \"/\", like ./thumbgated.sock) nor a "
                               "numeric address and port (like 127.0.0.1:8000 or [fd00::1]:8000)");
    };
    if (colon == std::string_view::npos) return bad();
    const auto port = parse_decimal(text.substr(colon + 1), 65535);
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
    if (bracketed) host = host.substr(1, host.size() - 2);
    TcpAddress address{std::string(host), 0, bracketed};
    const bool valid_host = bracketed ? parse_v6(address.host).has_value() : parse_v4(address.host).has_value();
    if (!port || *port == 0 || !valid_host) return bad();
    address.port = static_cast<std::uint16_t>(*port);
    return address;
}

bool is_private(const TcpAddress& address) {
    if (address.is_v6) {
        const auto parsed = parse_v6(address.host);
        return parsed && is_private_v6(*parsed);
    }
    const auto parsed = parse_v4(address.host);
    return parsed && is_private_v4(*parsed);
}

std::string to_string(const SocketAddress& address) {
    if (const auto* local = std::get_if<UnixAddress>(&address)) return "unix:" + local->path;
    const auto& tcp = std::get<TcpAddress>(address);
    return (tcp.is_v6 ? "[" + tcp.host + "]" : tcp.host) + ":" + std::to_string(tcp.port);
}

sockaddr_storage to_sockaddr(const SocketAddress& address, socklen_t& length) {
    sockaddr_storage storage{};
    if (const auto* local = std::get_if<UnixAddress>(&address)) {
        sockaddr_un un{};
        un.sun_family = AF_UNIX;
        std::copy_n(local->path.c_str(), std::min(local->path.size(), kMaxUnixPath), un.sun_path);
        std::memcpy(&storage, &un, sizeof un);
        length = sizeof un;
        return storage;
    }
    const auto& tcp = std::get<TcpAddress>(address);
    if (tcp.is_v6) {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(tcp.port);
        in.sin6_addr = parse_v6(tcp.host).value_or(in6_addr{});
        std::memcpy(&storage, &in, sizeof in);
        length = sizeof in;
    } else {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(tcp.port);
        in.sin_addr.s_addr = htonl(parse_v4(tcp.host).value_or(0));
        std::memcpy(&storage, &in, sizeof in);
        length = sizeof in;
    }
    return storage;
}

}  // namespace thumbgate
