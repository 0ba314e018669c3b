// A side that is asked over HTTP, each client on a connection of its own that is kept.
#pragma once

#include <string>
#include <vector>

#include "bench/conversion/client.hpp"
#include "bench/conversion/side.hpp"

namespace thumbgate::bench {

class HttpSide : public Side {
  public:
    HttpSide();
    std::string convert(unsigned client, const Order& order) override;

  protected:
    // Called by several clients at once.
    virtual std::string url(unsigned client, const Order& order) = 0;

  private:
    std::vector<HttpClient> clients_;
};

}  // namespace thumbgate::bench
