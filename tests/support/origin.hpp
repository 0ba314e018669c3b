// A small upstream for tests of the edge alone: a second, stock nginx on a unix socket. It stands for no product code;
// tests of the whole chain use Stack.
#pragma once

#include <string>
#include <vector>

#include "tests/support/nginx.hpp"

namespace thumbgate::test {

class Origin {
  public:
    // "METHOD target|Thumb-Auth|Traceparent|Host" of every request, as text.
    static constexpr const char* kEcho =
        R"(location / { return 200 "$request_method $request_uri|$http_thumb_auth|$http_traceparent|$http_host"; })";

    // `server` is the body of its one server block.
    explicit Origin(const std::string& server = kEcho, const std::map<std::string, std::string>& files = {});

    // For proxy_pass http://ADDRESS, or `server ADDRESS;` in an upstream: "unix:/…/origin.sock".
    std::string address() const;
    // upstream NAME { server ADDRESS; }
    std::string upstream(const std::string& name = "thumbgated") const;

    // "METHOD target" of the requests it has answered, in order. A line is written just after its answer is sent, so
    // say how many you expect: this waits for so many, for at most `timeout`.
    std::vector<std::string> requests(size_t at_least = 0, milliseconds timeout = 2s) const;

    void pause() { nginx_.pause(); }  // answers nothing, as a hung backend does
    void resume() { nginx_.resume(); }
    void kill() { nginx_.kill(); }  // leaves its socket file behind: connections are refused
    void start();

  private:
    Nginx nginx_;
};

}  // namespace thumbgate::test
