#include "tests/support/slow_origin.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <system_error>

namespace thumbgate::test {
namespace {

std::string read_head(int fd) {
    std::string head;
    char buffer[4096];
    while (!head.contains("\r\n\r\n")) {
        const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
        if (n <= 0) break;
        head.append(buffer, static_cast<size_t>(n));
    }
    return head;
}

void send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return;
        bytes.remove_prefix(static_cast<size_t>(n));
    }
}

std::string response(const SlowOrigin::Answer& answer, std::string_view head) {
    const std::string body = answer.body_for != nullptr ? answer.body_for(head) : answer.body;
    const std::string whole =
        "HTTP/1.1 " + answer.status + "\r\nContent-Type: image/webp\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\nConnection: close\r\n" + answer.headers + "\r\n" + (head.starts_with("HEAD ") ? "" : body);
    return whole.substr(0, answer.cut_to);
}

}  // namespace

SlowOrigin::SlowOrigin(Answer answer)
    : socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), answer_(std::move(answer)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (dir_.path() / "origin.sock").native().copy(address.sun_path, sizeof address.sun_path - 1);
    if (!socket_ || bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(socket_.get(), 1024) != 0) {
        throw std::system_error(errno, std::generic_category(), "origin's socket");
    }
    acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_until_stopped(stop); });
}

SlowOrigin::~SlowOrigin() {
    release();
    acceptor_.request_stop();
    acceptor_.join();
    connections_.clear();
}

void SlowOrigin::accept_until_stopped(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        pollfd readable{socket_.get(), POLLIN, 0};
        if (poll(&readable, 1, 20) <= 0) continue;
        UniqueFd connection(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!connection) continue;
        connections_.emplace_back([this, accepted = std::move(connection)] { serve(accepted); });
    }
}

void SlowOrigin::serve(const UniqueFd& connection) {
    const std::string head = read_head(connection.get());
    if (head.empty()) return;
    const Answer answer = [&] {
        std::unique_lock lock(mutex_);
        requests_.push_back(head.substr(0, head.find(" HTTP/")));
        released_.wait(lock, [&] { return !held_; });
        return answer_;
    }();
    std::this_thread::sleep_for(answer.delay);
    send_all(connection.get(), response(answer, head));
}

void SlowOrigin::hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
}

void SlowOrigin::release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    released_.notify_all();
}

void SlowOrigin::answer_from_now_on(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
}

std::string SlowOrigin::upstream(const std::string& name) const {
    return "upstream " + name + " { server unix:" + (dir_.path() / "origin.sock").string() + "; }";
}

std::vector<std::string> SlowOrigin::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

}  // namespace thumbgate::test
