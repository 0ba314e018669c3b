// Requests to thumbgated as the edge makes them: with the service MAC, past nginx.
#pragma once

#include <string>

#include "tests/support/http.hpp"

namespace thumbgate::test {

// The value of Thumb-Auth for one request under kSecret; each call has a request id of its own. Thread-safe.
std::string service_auth(const std::string& method, const std::string& target);

// The request with that field added. `request.url` is its target.
Request from_edge(Request request);

}  // namespace thumbgate::test
