#include "tests/support/bad_wire.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string_view>
#include <system_error>

namespace thumbgate::test {
namespace {

constexpr int kPollMs = 20;
constexpr auto kSlowInterval = std::chrono::seconds(1);
constexpr std::string_view kRubbish = "HTTP/1.1 400 Bad Request\r\n\r\n";

sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    return address;
}

UniqueFd unix_socket() {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) throw std::system_error(errno, std::generic_category(), "socket");
    return fd;
}

bool readable(int fd) {
    pollfd poll{fd, POLLIN, 0};
    return ::poll(&poll, 1, kPollMs) > 0;
}

}  // namespace

BadWire::BadWire(std::filesystem::path socket, std::filesystem::path server)
    : socket_(std::move(socket)), server_(std::move(server)), listener_(unix_socket()) {
    const sockaddr_un address = address_of(socket_);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(listener_.get(), 8) != 0) {
        throw std::system_error(errno, std::generic_category(), socket_.string());
    }
    thread_ = std::thread([this] { serve(); });
}

BadWire::~BadWire() {
    stopping_ = true;
    thread_.join();
}

// One client at a time: an edge has one follower.
void BadWire::serve() {
    while (!stopping_) {
        if (!readable(listener_.get())) continue;
        const UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (client.get() >= 0) join(client);
    }
}

void BadWire::join(const UniqueFd& client) {
    const UniqueFd server = unix_socket();
    const sockaddr_un address = address_of(server_);
    if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return;
    std::array<char, 4096> bytes{};
    auto next_byte = std::chrono::steady_clock::now();
    while (!stopping_) {
        if (readable(client.get())) {
            const ssize_t size = ::recv(client.get(), bytes.data(), bytes.size(), 0);
            if (size <= 0 || ::send(server.get(), bytes.data(), static_cast<size_t>(size), MSG_NOSIGNAL) < 0) return;
        }
        const Quality quality = quality_;
        if (quality == Quality::slow && std::chrono::steady_clock::now() < next_byte) continue;
        if (!readable(server.get())) continue;
        const size_t most = quality == Quality::slow ? 1 : bytes.size();
        const ssize_t size = ::recv(server.get(), bytes.data(), most, 0);
        if (size <= 0) return;
        const std::string_view said =
            quality == Quality::rubbish ? kRubbish : std::string_view(bytes.data(), static_cast<size_t>(size));
        if (::send(client.get(), said.data(), said.size(), MSG_NOSIGNAL) < 0) return;
        next_byte = std::chrono::steady_clock::now() + kSlowInterval;
    }
}

}  // namespace thumbgate::test
