#include "bench/burst.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>

#include "bench/interrupt.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/unique_fd.hpp"

namespace thumbgate::bench {

using namespace thumbgate::test;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto kDeadline = std::chrono::seconds(30);

UniqueFd connect_to(std::uint16_t port) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        fail_fixture("a client of the burst cannot connect");
    }
    return socket;
}

// Every answer ends with its connection (Connection: close).
class Clients {
  public:
    Clients(std::uint16_t port, int count) : answers_(static_cast<std::size_t>(count)) {
        for (int i = 0; i < count; ++i) sockets_.push_back(connect_to(port));
        for (const UniqueFd& socket : sockets_) polled_.push_back({socket.get(), POLLIN, 0});
    }

    std::vector<double> ask(const std::string& request) {
        start_ = Clock::now();
        for (const UniqueFd& socket : sockets_) {
            if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) fail_fixture("cannot send");
        }
        while (waited_ms_.size() < sockets_.size()) {
            throw_if_interrupted();
            if (Clock::now() - start_ > kDeadline) fail_fixture("a client of the burst gets no answer");
            ::poll(polled_.data(), polled_.size(), 100);
            for (std::size_t i = 0; i < polled_.size(); ++i) {
                if (polled_[i].revents != 0) receive(i);
            }
        }
        return waited_ms_;
    }

  private:
    void receive(std::size_t i) {
        std::array<char, 65536> bytes;
        const ssize_t count = ::recv(polled_[i].fd, bytes.data(), bytes.size(), 0);
        if (count > 0) {
            answers_[i].append(bytes.data(), static_cast<std::size_t>(count));
            return;
        }
        waited_ms_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start_).count());
        polled_[i].fd = -1;  // poll leaves it out
        if (!answers_[i].starts_with("HTTP/1.1 200 "))
            fail_fixture("a burst is answered by " + answers_[i].substr(0, 80));
    }

    std::vector<UniqueFd> sockets_;
    std::vector<pollfd> polled_;
    std::vector<std::string> answers_;
    std::vector<double> waited_ms_;
    Clock::time_point start_;
};

}  // namespace

std::vector<double> burst(std::uint16_t port, const std::string& target, int clients) {
    return Clients(port, clients).ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
}

}  // namespace thumbgate::bench
