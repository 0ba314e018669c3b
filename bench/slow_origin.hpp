// An origin that takes its time, as a conversion does, and counts what it is asked.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <list>
#include <string>
#include <thread>

#include "tests/support/files.hpp"
#include "tests/support/unique_fd.hpp"

namespace thumbgate::bench {

class SlowOrigin {
  public:
    // Answers every request with `body` after `delay`, on a unix socket, a thread for each.
    SlowOrigin(std::chrono::milliseconds delay, const std::string& body);
    SlowOrigin(const SlowOrigin&) = delete;
    ~SlowOrigin();

    // upstream origin { server …; }
    std::string upstream() const;
    int requests() const { return requests_; }

  private:
    void accept_all();
    void answer(test::UniqueFd connection);

    test::TempDir dir_;
    std::chrono::milliseconds delay_;
    std::string response_;
    test::UniqueFd listener_;
    std::atomic<int> requests_ = 0;
    std::list<std::jthread> answering_;  // of accepting_'s thread alone, until that has ended
    std::jthread accepting_;
};

}  // namespace thumbgate::bench
