// An upstream that takes its time: it answers each request after a delay, or when the test says so, and can fail in the
// middle. In the test's own process, a thread a connection; one request a connection. Methods may be called from any
// thread.
//
//     SlowOrigin origin({.body = "thumbnail", .delay = 200ms});
//     origin.hold();                        // from now on requests arrive, and are not answered
//     …
//     origin.release();
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/files.hpp"
#include "tests/support/http.hpp"
#include "tests/support/unique_fd.hpp"

namespace thumbgate::test {

class SlowOrigin {
  public:
    struct Answer {
        std::string status = "200 OK";
        std::string headers = {};  // lines that end in "\r\n"
        std::string body = "thumbnail";
        milliseconds delay = 0ms;
        size_t cut_to = std::string::npos;  // bytes of the whole response; then the connection closes
        std::string (*body_for)(std::string_view head) = nullptr;  // instead of `body`
    };

    explicit SlowOrigin(Answer answer);
    ~SlowOrigin();

    void hold();
    void release();
    void answer_from_now_on(Answer answer);

    std::string upstream(const std::string& name = "thumbgated") const;
    // "METHOD target" of the requests that have arrived.
    std::vector<std::string> requests() const;

  private:
    void accept_until_stopped(const std::stop_token& stop);
    void serve(const UniqueFd& connection);

    TempDir dir_;
    UniqueFd socket_;
    mutable std::mutex mutex_;
    std::condition_variable released_;
    bool held_ = false;
    Answer answer_;
    std::vector<std::string> requests_;
    std::list<std::jthread> connections_;
    std::jthread acceptor_;  // the last: it uses the others
};

}  // namespace thumbgate::test
