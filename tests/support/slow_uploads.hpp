// Uploads that trickle in, many at once, by one thread: each is an HTTP request whose body comes a little at a time.
#pragma once

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/sockets.hpp"

namespace thumbgate::test {

class SlowUploads {
  public:
    static constexpr std::size_t kBytesASecond = 1000;  // of each

    // Begins at once; `picture` is what each of them sends, and so says how long it takes.
    SlowUploads(const Endpoint& to, const std::string& picture, std::size_t count);
    SlowUploads(const SlowUploads&) = delete;
    ~SlowUploads() { finish(); }

    // Waits for the end, and for the answers; closes the connections. How many there were of this status. 0: no answer.
    std::size_t answered_by(int status);

  private:
    void trickle(const std::string& picture);
    void finish();

    std::vector<RawConnection> connections_;
    std::vector<int> statuses_;
    std::thread thread_;
};

}  // namespace thumbgate::test
