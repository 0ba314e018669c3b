// The service manager that started this process (systemd, or whatever speaks its protocols): the listening socket that
// it passes, and what it is told. Where nobody is named in the environment every call does nothing. Nothing here
// blocks: a message that the manager is too busy to take is lost. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <expected>
#include <string>
#include <string_view>

#include "backend/unique_fd.hpp"

namespace thumbgate {

class ServiceManager {
  public:
    // Reads LISTEN_FDS, NOTIFY_SOCKET and WATCHDOG_USEC and takes them out of the environment, so that no child takes
    // them for its own. Before any thread is started. The error says what is wrong with what was passed.
    static std::expected<ServiceManager, std::string> from_environment();

    // Once: the socket that was passed; empty without one.
    UniqueFd take_socket() { return std::move(socket_); }

    // `status`: a line for people.
    void ready(std::string_view status);
    void reloading() const;
    void reloaded(std::string_view status) const;
    void stopping(std::string_view status) const;
    void status(std::string_view status) const;

    // Says "alive" twice in each interval that the manager's watchdog allows; returns at once where it has none. It
    // runs on the caller's executor, so it is silent when that one hangs, and then alone.
    boost::asio::awaitable<void> keep_alive() const;

  private:
    void tell(std::string_view message) const;

    UniqueFd socket_;
    std::string notify_path_;  // as in NOTIFY_SOCKET; empty: nobody listens
    std::chrono::microseconds watchdog_{0};
    bool is_ready_ = false;  // what is read again before that is part of the start
};

}  // namespace thumbgate
