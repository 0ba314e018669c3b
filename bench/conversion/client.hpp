// A client's connection that is kept, from a loopback address of its own: what services limit, they limit by client.
#pragma once

#include <memory>
#include <string>

namespace thumbgate::bench {

// For one thread at a time.
class HttpClient {
  public:
    explicit HttpClient(unsigned number);  // it comes from 127.0.0.(number + 2)

    // The body. Whatever is not a 200 throws FixtureFailure.
    std::string get(const std::string& url);

  private:
    struct Deleter {
        void operator()(void* handle) const;
    };
    std::unique_ptr<void, Deleter> handle_;
};

}  // namespace thumbgate::bench
