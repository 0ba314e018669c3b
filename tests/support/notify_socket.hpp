// The end of NOTIFY_SOCKET that a service manager reads: a real datagram socket.
#pragma once

#include <string>
#include <string_view>

#include "tests/support/files.hpp"
#include "tests/support/unique_fd.hpp"
#include "tests/support/wait.hpp"

namespace thumbgate::test {

class NotifySocket {
  public:
    NotifySocket();

    std::string path() const { return dir_ / "notify"; }

    // The next message; "" when none comes in time.
    std::string next(milliseconds timeout = 10s) const;
    // Drops what comes before a message that holds `text`; "" when that does not come in time.
    std::string next_with(std::string_view text, milliseconds timeout = 20s) const;
    // Drops what has come.
    void clear() const;

  private:
    TempDir dir_;
    UniqueFd fd_;
};

}  // namespace thumbgate::test
