#include "tests/support/sockets.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace thumbgate::test {

namespace {

[[noreturn]] void throw_errno(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int connect_to(const UniqueFd& fd, const Endpoint& to) {
    if (to.unix_socket.empty()) {
        const sockaddr_in address = loopback(to.port);
        return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& path = to.unix_socket.native();
    if (path.size() >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    path.copy(address.sun_path, path.size());
    return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

UniqueFd new_socket(const Endpoint& to) {
    UniqueFd fd(socket(to.unix_socket.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) throw_errno("socket");
    return fd;
}

// Bytes of the body after `head`, by Content-Length; npos when it ends with the connection.
size_t body_length(const std::string& head) {
    const Response parsed = parse_response(head);
    const std::string length = parsed.header("Content-Length");
    if (parsed.status == 304 || parsed.status == 204) return 0;
    return length.empty() ? std::string::npos : std::stoul(length);
}

}  // namespace

Port::Port() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (!fd_ || setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd_.get(), generic, size) != 0 || getsockname(fd_.get(), generic, &size) != 0) {
        throw_errno("reserve a port");
    }
    number_ = ntohs(address.sin_port);
}

RawConnection::RawConnection(const Endpoint& to) : fd_(new_socket(to)) {
    if (connect_to(fd_, to) != 0)
        throw_errno("connect to " + (to.port ? std::to_string(to.port) : to.unix_socket.string()));
    const int on = 1;
    setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool RawConnection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) return false;
        if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
}

// One read; nothing happens when nothing comes in `timeout`.
void RawConnection::receive(milliseconds timeout) {
    pollfd readable{fd_.get(), POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(std::max(timeout, milliseconds(0)).count())) <= 0) return;
    char buffer[65536];
    const ssize_t n = recv(fd_.get(), buffer, sizeof buffer, 0);
    closed_ = n <= 0;
    if (n > 0) received_.append(buffer, static_cast<size_t>(n));
}

// Receives until `length(received so far)` says how many bytes to hand out (npos: not known yet).
template <typename Length>
std::string RawConnection::take(Length&& length, milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    size_t wanted = 0;
    while ((wanted = length(received_)) > received_.size() && !closed_) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left <= 0ms) break;
        receive(left);
    }
    const std::string taken = received_.substr(0, wanted);
    received_.erase(0, taken.size());
    return taken;
}

std::string RawConnection::read_until(std::string_view end, milliseconds timeout) {
    const auto behind_end = [end](const std::string& received) {
        const size_t at = received.find(end);
        return at == std::string::npos ? at : at + end.size();
    };
    return take(behind_end, timeout);
}

std::string RawConnection::read_bytes(size_t count, milliseconds timeout) {
    return take([count](const std::string&) { return count; }, timeout);
}

std::string RawConnection::read_to_close(milliseconds timeout) {
    return read_bytes(std::string::npos, timeout);
}

bool RawConnection::closed_within(milliseconds timeout) {
    read_to_close(timeout);
    return closed_;
}

void RawConnection::shut_down_sending() {
    shutdown(fd_.get(), SHUT_WR);
}

UniqueFd listen_on(const std::filesystem::path& path) {
    UniqueFd fd = new_socket({.unix_socket = path});
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    unlink(path.c_str());
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(fd.get(), SOMAXCONN) != 0) {
        throw_errno("listen on " + path.string());
    }
    return fd;
}

bool accepts_connections(const Endpoint& at) {
    return connect_to(new_socket(at), at) == 0;
}

Response raw_request(const Endpoint& to, std::string_view bytes, milliseconds timeout) {
    const auto started = std::chrono::steady_clock::now();
    RawConnection connection(to);
    connection.send(bytes);
    const std::string head = connection.read_until("\r\n\r\n", timeout);
    const auto spent = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - started);
    const size_t length = bytes.starts_with("HEAD ") ? 0 : body_length(head);
    Response response = parse_response(head + connection.read_bytes(length, timeout - spent));
    response.elapsed = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - started);
    return response;
}

}  // namespace thumbgate::test
