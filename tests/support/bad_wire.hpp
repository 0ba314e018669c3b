// A wire to a real server's unix socket that a test can make bad: as slow as a byte a second, or full of rubbish.
// Not for use by several threads.
#pragma once

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/support/unique_fd.hpp"

namespace thumbgate::test {

class BadWire {
  public:
    enum class Quality {
        good,
        slow,     // of what the server says, one byte a second arrives
        rubbish,  // of what the server says, nothing arrives but rubbish
    };

    // Listens on `socket` and connects each client to `server`.
    BadWire(std::filesystem::path socket, std::filesystem::path server);
    BadWire(const BadWire&) = delete;
    ~BadWire();

    const std::filesystem::path& socket() const { return socket_; }
    void become(Quality quality) { quality_ = quality; }

  private:
    void serve();
    void join(const UniqueFd& client);

    std::filesystem::path socket_;
    std::filesystem::path server_;
    UniqueFd listener_;
    std::atomic<Quality> quality_ = Quality::good;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace thumbgate::test
