#include "tests/support/load.hpp"

#include <chrono>
#include <system_error>

#include "tests/support/sockets.hpp"

namespace thumbgate::test {

Load::Load(unsigned threads, Client client) : client_(std::move(client)) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this, i] { ask(i); });
}

Load::~Load() {
    stop();
}

void Load::stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void Load::ask(unsigned thread) {
    for (size_t number = 0; !stopping_; ++number) {
        const auto start = std::chrono::steady_clock::now();
        const Outcome outcome = client_(thread, number);
        const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start).count();
        ++counts_[static_cast<size_t>(outcome)];
        for (int64_t slowest = slowest_ms_; took > slowest && !slowest_ms_.compare_exchange_weak(slowest, took);) {
        }
    }
}

Response get_once(uint16_t port, const std::string& target, milliseconds timeout) {
    try {
        return raw_request(port, "GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", timeout);
    } catch (const std::system_error&) {
        return {};
    }
}

}  // namespace thumbgate::test
