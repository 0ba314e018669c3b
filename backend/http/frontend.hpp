// What happens to every request around its handler: is it from the edge, which route is it, how does an error look,
// which header fields does a response carry; then one line in the log, and the metrics. A handler that throws is a 500.
// Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "backend/http/gate.hpp"
#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/log.hpp"
#include "backend/metrics.hpp"

namespace thumbgate {

class Frontend {
  public:
    Frontend(Gate gate, Router router, Metrics& metrics, Log& log)
        : gate_(std::move(gate)), router_(std::move(router)), metrics_(metrics), log_(log) {}

    boost::asio::awaitable<Response> respond(Request& request);

  private:
    // Sets `route` as soon as it is known.
    boost::asio::awaitable<Response> answer(Request& request, const Route*& route);
    void log_request(const Request& request, const Response& response, double seconds);

    Gate gate_;
    Router router_;
    Metrics& metrics_;
    Log& log_;
};

// W3C Trace Context, version 00: the header as it may be logged, else empty.
std::string_view valid_traceparent(std::string_view header);

}  // namespace thumbgate
