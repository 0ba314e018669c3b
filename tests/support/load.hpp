// Requests without a pause while a test does something to the server: who asks, what came back, and how long the
// slowest took. Each request has a connection of its own.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "tests/support/http.hpp"
#include "tests/support/nginx.hpp"

namespace thumbgate::test {

class Load {
  public:
    // `client` asks once, and says what came of it; it is called by several threads at once.
    enum class Outcome {
        right,
        failed,  // no response, or an error: what a restart must not cause, and a kill may
        wrong,   // a response that must never be
    };
    using Client = std::function<Outcome(unsigned thread, size_t number)>;

    Load(unsigned threads, Client client);
    Load(const Load&) = delete;
    ~Load();

    // Ends the load, and waits for what is under way.
    void stop();

    size_t right() const { return counts_[0]; }
    size_t failed() const { return counts_[1]; }
    size_t wrong() const { return counts_[2]; }
    milliseconds slowest() const { return milliseconds(slowest_ms_); }

  private:
    void ask(unsigned thread);

    Client client_;
    std::atomic<bool> stopping_ = false;
    std::array<std::atomic<size_t>, 3> counts_{};
    std::atomic<int64_t> slowest_ms_ = 0;
    std::vector<std::thread> threads_;
};

// One GET on a connection of its own, by raw bytes: cheaper than fetch(), and a connection that is refused or cut is a
// response with status 0.
Response get_once(uint16_t port, const std::string& target, milliseconds timeout = 30s);

}  // namespace thumbgate::test
