// A listening socket: one that is ours alone, a unix socket (mode 0660) or TCP on a private address; or one that the
// service manager made and passed, which outlives us.
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

    // Takes over a listening socket that another process goes on to hold. It has to be the one that `address` names;
    // whether that is private is the business of who made it. Nothing is locked, and nothing removed at the end.
    static std::expected<Listener, std::string> adopt(UniqueFd fd, const SocketAddress& address);

    Listener(Listener&&) noexcept = default;
    Listener& operator=(Listener&&) = delete;
    ~Listener();  // removes the unix socket's file, if it is ours

    int family() const { return family_; }
    // What waits in its backlog when we stop is another process's to answer.
    bool is_adopted() const { return is_adopted_; }
    // The socket, without its duty to be closed.
    int release_fd() { return fd_.release(); }

  private:
    Listener(UniqueFd fd, int family) : fd_(std::move(fd)), family_(family) {}

    UniqueFd fd_;
    UniqueFd lock_;     // of a unix socket: held until the end
    std::string path_;  // of a unix socket
    int family_;
    bool is_adopted_ = false;
};

}  // namespace thumbgate
