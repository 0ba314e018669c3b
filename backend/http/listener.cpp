#include "backend/http/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
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

// -1: it has none.
int option_of(const UniqueFd& socket, int option) {
    int value = -1;
    socklen_t length = sizeof value;
    return ::getsockopt(socket.get(), SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

// Two spellings of a path are the same: a service manager has absolute ones alone.
bool is_same_path(const std::string& a, const std::string& b) {
    std::error_code error;
    const auto first = std::filesystem::weakly_canonical(a, error);
    return !error && first == std::filesystem::weakly_canonical(b, error) && !error;
}

bool is_bound_to(const sockaddr_storage& bound, socklen_t length, const SocketAddress& address) {
    if (const auto* local = std::get_if<UnixAddress>(&address)) {
        if (bound.ss_family != AF_UNIX) return false;
        sockaddr_un un{};
        std::memcpy(&un, &bound, std::min<std::size_t>(length, sizeof un));
        un.sun_path[sizeof un.sun_path - 1] = '\0';  // never cut: an address that is too long is refused before
        return is_same_path(un.sun_path, local->path);
    }
    socklen_t wanted_length = 0;
    const sockaddr_storage wanted = to_sockaddr(address, wanted_length);
    return wanted_length == length && std::memcmp(&bound, &wanted, length) == 0;
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
    Listener listener(std::move(fd), family);
    listener.lock_ = std::move(lock);
    if (local != nullptr) listener.path_ = local->path;
    return listener;
}

std::expected<Listener, std::string> Listener::adopt(UniqueFd fd, const SocketAddress& address) {
    const auto refused = [&](const std::string& why) {
        return std::unexpected("the socket that the service manager passes " + why + "; its ListenStream= and " +
                               to_string(address) + " have to be the same");
    };
    if (option_of(fd, SO_TYPE) != SOCK_STREAM || option_of(fd, SO_ACCEPTCONN) != 1) {
        return refused("is not a listening stream socket");
    }
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &length) != 0) return refused("has no address");
    if (!is_bound_to(bound, length, address)) return refused("listens elsewhere");
    if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) return refused("cannot be used: " + system_message());
    Listener listener(std::move(fd), bound.ss_family);
    listener.is_adopted_ = true;
    return listener;
}

Listener::~Listener() {
    if (lock_ && !path_.empty()) ::unlink(path_.c_str());
}

}  // namespace thumbgate
