#include "backend/service_manager.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr int kFirstPassed = 3;  // the number of the first descriptor that is passed

// The variable's value, after which it is not there any more.
std::string take(const char* name) {
    const char* value = std::getenv(name);
    std::string text = value != nullptr ? value : "";
    ::unsetenv(name);
    return text;
}

// Whether what comes with this variable is meant for this process: a variable that was inherited is not.
bool is_for_us(const std::string& pid) {
    return parse_decimal(pid, INT32_MAX) == static_cast<std::uint64_t>(::getpid());
}

std::expected<UniqueFd, std::string> passed_socket(const std::string& pid, const std::string& count) {
    if (!is_for_us(pid)) return UniqueFd();
    const auto number = parse_decimal(count, INT32_MAX);
    if (number == 0) return UniqueFd();
    if (number != 1) {
        return std::unexpected("the service manager passes " + (count.empty() ? "no number of" : count) +
                               " sockets, but one is served; give it one ListenStream=");
    }
    if (::fcntl(kFirstPassed, F_SETFD, FD_CLOEXEC) != 0) {
        return std::unexpected("the service manager says that it passes a socket, but descriptor 3 is not open");
    }
    return UniqueFd(kFirstPassed);
}

// A path, or with "@" a name in Linux's abstract namespace. `length`: what of the address is in use.
std::optional<sockaddr_un> notify_address(const std::string& path, socklen_t& length) {
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path || (!path.starts_with('/') && !path.starts_with('@'))) {
        return std::nullopt;
    }
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    if (path.starts_with('@')) address.sun_path[0] = '\0';
    length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    return address;
}

std::uint64_t monotonic_microseconds() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

std::string with_status(std::string_view message, std::string_view status) {
    return std::string(message) + "STATUS=" + std::string(status);
}

}  // namespace

std::expected<ServiceManager, std::string> ServiceManager::from_environment() {
    ServiceManager manager;
    const std::string listen_pid = take("LISTEN_PID");
    const std::string listen_count = take("LISTEN_FDS");
    take("LISTEN_FDNAMES");
    auto socket = passed_socket(listen_pid, listen_count);
    if (!socket) return std::unexpected(socket.error());
    manager.socket_ = std::move(*socket);
    manager.notify_path_ = take("NOTIFY_SOCKET");
    const std::string watchdog_pid = take("WATCHDOG_PID");
    const auto interval = parse_decimal(take("WATCHDOG_USEC"), INT64_MAX);
    if (interval && (watchdog_pid.empty() || is_for_us(watchdog_pid))) {
        manager.watchdog_ = std::chrono::microseconds(static_cast<std::int64_t>(*interval));
    }
    return manager;
}

void ServiceManager::ready(std::string_view status) {
    is_ready_ = true;
    tell(with_status("READY=1\n", status));
}

void ServiceManager::reloading() const {
    if (is_ready_) tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_microseconds()));
}

void ServiceManager::reloaded(std::string_view status) const {
    if (is_ready_) tell(with_status("READY=1\n", status));
}

void ServiceManager::stopping(std::string_view status) const {
    tell(with_status("STOPPING=1\n", status));
}

void ServiceManager::status(std::string_view status) const {
    tell(with_status("", status));
}

asio::awaitable<void> ServiceManager::keep_alive() const {
    if (watchdog_.count() <= 0 || notify_path_.empty()) co_return;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (;;) {
        tell("WATCHDOG=1");
        timer.expires_after(watchdog_ / 2);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

void ServiceManager::tell(std::string_view message) const {
    socklen_t length = 0;
    const auto address = notify_address(notify_path_, length);
    if (!address) return;
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return;
    ::sendto(socket.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&*address), length);
}

}  // namespace thumbgate
