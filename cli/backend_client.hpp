// Asks a running thumbgated, as the edge does: over its own address, with the MAC of the shared secret. Blocking.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

#include "contract/secret.hpp"

namespace thumbgate::cli {

class BackendClient {
  public:
    // `address`: unix:PATH, a path with a "/", or HOST:PORT.
    BackendClient(std::string address, SharedSecret secret)
        : address_(std::move(address)), secret_(std::move(secret)) {}

    struct Answer {
        long status = 0;
        std::string body;
    };

    // `target`: path and query. The error says in a sentence why there is no answer; a refusal is an answer.
    std::expected<Answer, std::string> send(const std::string& method, const std::string& target) const;

    // What an answer that is no success says: the problem's detail where it has one.
    std::string describe(const Answer& answer) const;

  private:
    std::string address_;
    SharedSecret secret_;
};

}  // namespace thumbgate::cli
