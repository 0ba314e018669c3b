#include "tests/support/notify_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <system_error>

namespace thumbgate::test {

NotifySocket::NotifySocket() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    if (!fd_ || bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::system_error(errno, std::generic_category(), "bind " + path());
    }
}

std::string NotifySocket::next(milliseconds timeout) const {
    pollfd readable{fd_.get(), POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(timeout.count())) <= 0) return {};
    std::string message(4096, '\0');
    const ssize_t size = recv(fd_.get(), message.data(), message.size(), MSG_DONTWAIT);
    message.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return message;
}

std::string NotifySocket::next_with(std::string_view text, milliseconds timeout) const {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (std::chrono::steady_clock::now() < deadline) {
        std::string message = next(100ms);
        if (message.contains(text)) return message;
    }
    return {};
}

void NotifySocket::clear() const {
    while (!next(0ms).empty()) continue;
}

}  // namespace thumbgate::test
