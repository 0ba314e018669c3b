#include "tests/support/open_load.hpp"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "tests/support/http.hpp"
#include "tests/support/unique_fd.hpp"

namespace thumbgate::test {

namespace {

using Clock = std::chrono::steady_clock;

struct Connection {
    UniqueFd fd;
    unsigned client = 0;
    size_t request = 0;  // the one under way
    std::string received;
    bool is_busy = false;
};

sockaddr_in loopback(unsigned client, uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + client);
    return address;
}

// The length of the first response in `text` with its body; 0 when it is not whole yet.
size_t whole_response(const std::string& text) {
    const size_t head = text.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    const std::string length = parse_response(text.substr(0, head + 4)).header("content-length");
    const size_t all = head + 4 + (length.empty() ? 0 : std::stoul(length));
    return text.size() >= all ? all : 0;
}

class Generator {
  public:
    explicit Generator(const OpenLoad& load) : load_(load), epoll_(epoll_create1(EPOLL_CLOEXEC)), idle_(load.clients) {}

    std::vector<LoadAnswer> run() {
        const auto count = static_cast<size_t>(load_.rate * std::chrono::duration<double>(load_.duration).count());
        while (answers_.size() < count || under_way_ > 0) {
            while (answers_.size() < count && Clock::now() >= due(answers_.size())) start_next();
            if (Clock::now() > due(count) + load_.patience) break;
            receive(answers_.size() < count ? due(answers_.size()) : Clock::now() + 10ms);
        }
        return std::move(answers_);
    }

  private:
    Clock::time_point due(size_t number) const {
        const std::chrono::duration<double> after(static_cast<double>(number) / load_.rate);
        return began_ + std::chrono::duration_cast<Clock::duration>(after);
    }

    void start_next() {
        const size_t number = answers_.size();
        const auto since = std::chrono::duration_cast<milliseconds>(due(number) - began_);
        answers_.push_back({.status = 0, .has_retry_after = false, .due = since, .took = load_.patience});
        const auto client = static_cast<unsigned>(number % load_.clients);
        Connection* connection = connect(client);
        if (connection == nullptr) return;
        connection->request = number;
        connection->is_busy = true;
        ++under_way_;
        const std::string text = "GET " + load_.target(number) + " HTTP/1.1\r\nHost: a\r\n\r\n";
        send(connection->fd.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }

    // To a server on this machine, a connection is made at once.
    Connection* connect(unsigned client) {
        if (!idle_[client].empty()) {
            Connection* connection = idle_[client].back();
            idle_[client].pop_back();
            return connection;
        }
        auto made = std::make_unique<Connection>();
        made->client = client;
        made->fd = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sockaddr_in from = loopback(client, 0);
        sockaddr_in to = loopback(0, load_.port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (bind(made->fd.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) return nullptr;
        if (::connect(made->fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return nullptr;
        epoll_event event{.events = EPOLLIN, .data = {.ptr = made.get()}};
        epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, made->fd.get(), &event);
        return connections_.emplace_back(std::move(made)).get();
    }

    void receive(Clock::time_point until) {
        const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
        std::array<epoll_event, 64> events{};
        const int count = epoll_wait(epoll_.get(), events.data(), events.size(), static_cast<int>(std::max(left, 0L)));
        for (int i = 0; i < count; ++i)
            read_from(*static_cast<Connection*>(events.at(static_cast<size_t>(i)).data.ptr));
    }

    void read_from(Connection& connection) {
        std::array<char, 65536> buffer;
        const ssize_t size = recv(connection.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN) return;
        if (size <= 0) return close(connection);
        connection.received.append(buffer.data(), static_cast<size_t>(size));
        const size_t length = whole_response(connection.received);
        if (length == 0 || !connection.is_busy) return;
        const Response response = parse_response(connection.received.substr(0, length));
        connection.received.erase(0, length);
        LoadAnswer& answer = answers_[connection.request];
        answer.status = response.status;
        answer.has_retry_after = response.headers.has("retry-after");
        answer.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - due(connection.request));
        connection.is_busy = false;
        --under_way_;
        idle_[connection.client].push_back(&connection);
    }

    void close(Connection& connection) {
        if (connection.is_busy) --under_way_;
        std::erase(idle_[connection.client], &connection);
        std::erase_if(connections_, [&](const auto& one) { return one.get() == &connection; });
    }

    const OpenLoad& load_;
    UniqueFd epoll_;
    Clock::time_point began_ = Clock::now();
    std::vector<LoadAnswer> answers_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<std::vector<Connection*>> idle_;  // by client
    size_t under_way_ = 0;
};

}  // namespace

std::vector<LoadAnswer> run(const OpenLoad& load) {
    return Generator(load).run();
}

milliseconds percentile(const std::vector<LoadAnswer>& answers, double share,
                        const std::function<bool(const LoadAnswer&)>& which) {
    std::vector<std::chrono::microseconds> times;
    for (const LoadAnswer& answer : answers) {
        if (which(answer)) times.push_back(answer.took);
    }
    if (times.empty()) return {};
    std::ranges::sort(times);
    const auto at = static_cast<size_t>(share * static_cast<double>(times.size() - 1));
    return std::chrono::ceil<milliseconds>(times[at]);
}

}  // namespace thumbgate::test
