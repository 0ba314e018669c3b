// A request and a response as the rest of the backend sees them, free of the HTTP library. Plain values, used on the
// server's executor alone.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/deadline.hpp"
#include "backend/error.hpp"
#include "contract/service_auth.hpp"

namespace thumbgate {

struct Header {
    std::string name;
    std::string value;
};

// The first field of that name, compared without case; empty without one.
std::string_view find_header(const std::vector<Header>& headers, std::string_view name);
std::size_t count_headers(const std::vector<Header>& headers, std::string_view name);

// Every field of that name, joined by `separator`: one list, as its sender may split it.
std::string join_headers(const std::vector<Header>& headers, std::string_view name, std::string_view separator);

bool equal_without_case(std::string_view a, std::string_view b);

// What a request brings along, read as it arrives.
class BodyReader {
  public:
    virtual ~BodyReader() = default;
    // As announced by Content-Length; nullopt where it is chunked.
    virtual std::optional<std::uint64_t> announced_bytes() const = 0;
    // The next bytes, at most 64 KiB, valid until the next call; empty at the end.
    // Errors: 400 malformed or cut off, 408 too slow (then the connection is gone, and the answer with it).
    virtual boost::asio::awaitable<Result<std::string_view>> next() = 0;
};

// A response's body that is too large to hold: read while it is sent, each piece once the one before has left.
class BodySource {
  public:
    virtual ~BodySource() = default;
    // In all; what `next` gives is exactly that much.
    virtual std::uint64_t size() const = 0;
    // The next bytes, valid until the next call; never empty before the end. Not called once they are all given. After
    // an error the connection is closed, since its client waits for more than will come.
    virtual boost::asio::awaitable<Result<std::string_view>> next() = 0;
};

// Where the time of a request went, in seconds; for its line in the log and the stage histograms.
struct StageTimes {
    std::optional<double> receive;  // the body, from first to last byte
    std::optional<double> redis;
    std::optional<double> storage;
    std::optional<double> convert;  // waiting for a converter, and its work
};

struct Request {
    std::string method;
    std::string target;  // path and query exactly as received
    std::string path;
    std::string query;  // what follows the first "?"
    std::vector<Header> headers;
    BodyReader* body = nullptr;  // never null in a handler

    // Filled in before a handler sees the request.
    ServiceIdentity identity;             // verified
    std::string request_id;               // the edge's
    std::vector<std::string> parameters;  // what the route's placeholders matched

    std::string key;  // the public id of the API key that it came with, set as that is found; for the log

    Deadline deadline = Deadline::max();  // when the edge stops waiting for the answer

    StageTimes times;

    std::string_view header(std::string_view name) const { return find_header(headers, name); }
};

struct Response {
    int status = 200;
    std::vector<Header> headers;  // without Content-Length and Connection, which the server adds
    std::string body;
    std::shared_ptr<BodySource> source;  // null, or sent instead of `body`
    std::optional<Error> error;          // what it reports, for the log

    std::uint64_t size() const { return source ? source->size() : body.size(); }
    void set(std::string name, std::string value) { headers.push_back({std::move(name), std::move(value)}); }
};

// A parameter of the query, percent-decoded; nullopt if it is not there or cannot be decoded.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

// The whole body, for small ones. Errors: 413 above `max_bytes`, and what the reader reports.
boost::asio::awaitable<Result<std::string>> read_body(BodyReader& body, std::size_t max_bytes);

// Adds the time since its making to one of a request's stages when it goes.
class StageTimer {
  public:
    explicit StageTimer(std::optional<double>& stage) : stage_(stage), begin_(std::chrono::steady_clock::now()) {}
    StageTimer(const StageTimer&) = delete;
    StageTimer& operator=(const StageTimer&) = delete;
    ~StageTimer() {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin_;
        stage_ = stage_.value_or(0) + took.count();
    }

  private:
    std::optional<double>& stage_;
    std::chrono::steady_clock::time_point begin_;
};

}  // namespace thumbgate
