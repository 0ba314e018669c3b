// What happens to every request around its handler: is it from the edge, which route is it, how does an error look,
// which header fields does a response carry, and has the edge given up already; then one line in the log, and the
// metrics. A handler that throws is a 500. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "backend/http/gate.hpp"
#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/log.hpp"
#include "backend/metrics.hpp"

namespace thumbgate {

class Frontend {
  public:
    // `request_timeout`: what a request gets where the edge names no deadline, and at most. `public_url`: what pages of
    // this site may have as their origin, beside the edge's own name; or empty.
    Frontend(Gate gate, Router router, Metrics& metrics, Log& log,
             std::chrono::milliseconds request_timeout = std::chrono::seconds(10), std::string public_url = {})
        : gate_(std::move(gate)),
          router_(std::move(router)),
          metrics_(metrics),
          log_(log),
          request_timeout_(request_timeout),
          public_url_(std::move(public_url)) {}

    boost::asio::awaitable<Response> respond(Request& request);

  private:
    // Sets `route` as soon as it is known.
    boost::asio::awaitable<Response> answer(Request& request, const Route*& route);
    std::optional<Error> set_deadline(Request& request);
    void log_request(const Request& request, const Response& response, double seconds);

    Gate gate_;
    Router router_;
    Metrics& metrics_;
    Log& log_;
    std::chrono::milliseconds request_timeout_;
    std::string public_url_;
};

// How long the edge still waits at `unix_ms`, by X-Request-Deadline: unix seconds with at most three decimals. Not more
// than `most`, which is also the answer to any other text; zero or less when it has passed.
std::chrono::milliseconds time_left(std::string_view header, std::uint64_t unix_ms, std::chrono::milliseconds most);

// W3C Trace Context, version 00: the header as it may be logged, else empty.
std::string_view valid_traceparent(std::string_view header);

}  // namespace thumbgate
