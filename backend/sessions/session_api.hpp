// POST and GET /api/sessions, DELETE /api/sessions/{id}, GET and DELETE /api/sessions/current, POST
// /api/sessions/recovery. An API key may do none of it. Another owner's session is answered as one that is not there.
// Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/sessions/owners.hpp"
#include "backend/sessions/sessions.hpp"

namespace thumbgate {

class SessionApi {
  public:
    // What an owner uses and may use, for the session's answer.
    using QuotaOf = std::function<boost::asio::awaitable<Result<boost::json::object>>(Request&, std::string owner)>;

    // Both outlive this object. `public_url`: what a recovery link begins with, or empty.
    SessionApi(Sessions& sessions, Owners& owners, QuotaOf quota_of, std::string public_url)
        : sessions_(sessions), owners_(owners), quota_of_(std::move(quota_of)), public_url_(std::move(public_url)) {}

    // The routes refer to this object.
    std::vector<Route> routes();

  private:
    boost::asio::awaitable<Result<Response>> start(Request& request);
    boost::asio::awaitable<Result<Response>> show(Request& request);
    boost::asio::awaitable<Result<Response>> end(Request& request);
    boost::asio::awaitable<Result<Response>> list(Request& request);
    boost::asio::awaitable<Result<Response>> end_one(Request& request);
    boost::asio::awaitable<Result<Response>> make_recovery(Request& request);

    // Whose session is to be started: the one that a recovery secret in the body names, or the request's own. nullopt:
    // a new one.
    boost::asio::awaitable<Result<std::optional<std::string>>> owner_of(Request& request);

    Sessions& sessions_;
    Owners& owners_;
    QuotaOf quota_of_;
    std::string public_url_;
};

}  // namespace thumbgate
