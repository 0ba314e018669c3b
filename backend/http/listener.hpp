// A listening socket that is ours alone: a unix socket (mode 0660), or TCP on a private address.
#pragma once

#include <expected>
#include <string>

#include "backend/http/address.hpp"
#include "backend/unique_fd.hpp"

namespace thumbgate {

class Listener {
  public:
    // Takes a lock beside a unix socket first, so that a second instance is refused and what a crashed one left is
    // replaced. TCP is refused on any address that is not private. The error is a sentence for the operator.
    static std::expected<Listener, std::string> open(const SocketAddress& address);

    Listener(Listener&&) noexcept = default;
    Listener& operator=(Listener&&) = delete;
    ~Listener();  // removes the unix socket's file

    int family() const { return family_; }
    // The socket, without its duty to be closed.
    int release_fd() { return fd_.release(); }

  private:
    Listener(UniqueFd fd, UniqueFd lock, std::string path, int family)
        : fd_(std::move(fd)), lock_(std::move(lock)), path_(std::move(path)), family_(family) {}

    UniqueFd fd_;
    UniqueFd lock_;     // of a unix socket: held until the end
    std::string path_;  // of a unix socket
    int family_;
};

}  // namespace thumbgate
