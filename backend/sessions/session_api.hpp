// POST /api/sessions, GET and DELETE /api/sessions/current. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/sessions/sessions.hpp"

namespace thumbgate {

class SessionApi {
  public:
    explicit SessionApi(Sessions& sessions) : sessions_(sessions) {}

    // The routes refer to this object.
    std::vector<Route> routes();

  private:
    boost::asio::awaitable<Result<Response>> start(Request& request);
    boost::asio::awaitable<Result<Response>> show(Request& request);
    boost::asio::awaitable<Result<Response>> end(Request& request);

    Sessions& sessions_;
};

}  // namespace thumbgate
