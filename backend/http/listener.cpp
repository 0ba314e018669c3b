#include "backend/http/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace thumbgate {
namespace {

constexpr int kBacklog = 1024;  // connections; the kernel cuts it to net.core.somaxconn
constexpr mode_t kSocketMode = 0660;

std::string system_message(int error = errno) {
    return std::generic_category().message(error);
}

UniqueFd new_socket(int family) {
    return UniqueFd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

int bind_to(int fd, const SocketAddress& address) {
    socklen_t length = 0;
    const sockaddr_storage storage = to_sockaddr(address, length);
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&storage), length);
}

// Whether something accepts connections there. A full backlog (EAGAIN) is something.
bool is_alive(const SocketAddress& address) {
    const UniqueFd probe = new_socket(AF_UNIX);
    socklen_t length = 0;
    const sockaddr_storage storage = to_sockaddr(address, length);
    return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0 || errno == EAGAIN;
}

// nullopt: there is nothing at `path`, or there was only a dead socket.
std::expected<void, std::string> remove_stale(const UnixAddress& address) {
    struct stat facts{};
    if (::lstat(address.path.c_str(), &facts) != 0) return {};
    if (!S_ISSOCK(facts.st_mode)) {
        return std::unexpected("\"" + address.path +
                               "\" is there and is not a socket; move it away, or listen elsewhere");
    }
    if (is_alive(address)) {
        return std::unexpected("another process listens on \"" + address.path + "\"; stop it, or listen elsewhere");
    }
    ::unlink(address.path.c_str());
    return {};
}

std::expected<UniqueFd, std::string> lock_for(const std::string& path) {
    const std::string name = path + ".lock";
    UniqueFd lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) return std::unexpected("cannot make \"" + name + "\": " + system_message());
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        return std::unexpected("another thumbgated listens on \"" + path + "\"; stop it, or listen elsewhere");
    }
    return lock;
}

}  // namespace

std::expected<Listener, std::string> Listener::open(const SocketAddress& address) {
    const auto* local = std::get_if<UnixAddress>(&address);
    const auto failed = [&](int error) {
        return std::unexpected("cannot listen on " + to_string(address) + ": " + system_message(error));
    };
    UniqueFd lock;
    int family = AF_UNIX;
    if (local != nullptr) {
        auto taken = lock_for(local->path);
        if (!taken) return std::unexpected(taken.error());
        lock = std::move(*taken);
        if (auto removed = remove_stale(*local); !removed) return std::unexpected(removed.error());
    } else {
        const auto& tcp = std::get<TcpAddress>(address);
        if (!is_private(tcp)) {
            return std::unexpected(
                "\"" + to_string(address) +
                "\" is not a private address; listen on a unix socket, on loopback, or on an address "
                "of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fc00::/7");
        }
        family = tcp.is_v6 ? AF_INET6 : AF_INET;
    }
    UniqueFd fd = new_socket(family);
    const int on = 1;
    if (local == nullptr) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind_to(fd.get(), address) != 0) return failed(errno);
    // Nobody can connect before listen(), so nobody slips in under the mode that bind() gave it.
    if (local != nullptr && ::chmod(local->path.c_str(), kSocketMode) != 0) return failed(errno);
    if (::listen(fd.get(), kBacklog) != 0) return failed(errno);
    return Listener(std::move(fd), std::move(lock), local != nullptr ? local->path : std::string(), family);
}

Listener::~Listener() {
    if (lock_ && !path_.empty()) ::unlink(path_.c_str());
}

}  // namespace thumbgate
