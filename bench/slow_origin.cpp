#include "bench/slow_origin.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace thumbgate::bench {

namespace {

constexpr int kBacklog = 256;

test::UniqueFd listen_on(const std::string& path) {
    test::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const bool listens = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
                         ::listen(socket.get(), kBacklog) == 0;
    if (!listens) throw std::system_error(errno, std::generic_category(), "listen on " + path);
    return socket;
}

}  // namespace

SlowOrigin::SlowOrigin(std::chrono::milliseconds delay, const std::string& body)
    : delay_(delay),
      response_("HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body),
      listener_(listen_on((dir_ / "origin.sock").string())),
      accepting_([this] { accept_all(); }) {}

SlowOrigin::~SlowOrigin() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
    accepting_.join();
}

std::string SlowOrigin::upstream() const {
    return "upstream origin { server unix:" + (dir_ / "origin.sock").string() + "; }\n";
}

void SlowOrigin::accept_all() {
    for (;;) {
        test::UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!connection) return;
        answering_.emplace_back([this, fd = std::move(connection)]() mutable { answer(std::move(fd)); });
    }
}

// The proxy sends a request's head in one piece, and closes.
void SlowOrigin::answer(test::UniqueFd connection) {
    std::array<char, 4096> head{};
    if (::recv(connection.get(), head.data(), head.size(), 0) <= 0) return;
    ++requests_;
    std::this_thread::sleep_for(delay_);
    for (std::string_view left = response_; !left.empty();) {
        const ssize_t sent = ::send(connection.get(), left.data(), left.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        left.remove_prefix(static_cast<std::size_t>(sent));
    }
}

}  // namespace thumbgate::bench
