// Requests at a fixed rate, whatever the answers do: who is slow to answer gets more to do, as with real clients. One
// thread, keep-alive connections, each client from an address of its own (127.0.0.2 and up). A request's time counts
// from when it was due, so that a load that falls behind does not look fast.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/wait.hpp"

namespace thumbgate::test {

struct OpenLoad {
    uint16_t port = 0;
    double rate = 100;  // requests a second, over all clients
    milliseconds duration = 1s;
    unsigned clients = 1;         // addresses; at most 250
    milliseconds patience = 20s;  // with one answer
    std::function<std::string(size_t number)> target;
};

struct LoadAnswer {
    int status = 0;  // 0: no answer
    bool has_retry_after = false;
    milliseconds due{};  // since the load began
    std::chrono::microseconds took{};
};

// Returns when every request has its answer, or none came in time.
std::vector<LoadAnswer> run(const OpenLoad& load);

// Of `share` (0 to 1) of the answers that `which` picks; zero without any.
milliseconds percentile(const std::vector<LoadAnswer>& answers, double share,
                        const std::function<bool(const LoadAnswer&)>& which);

}  // namespace thumbgate::test
