// Which handler answers a method and path: a literal table of routes, in order. Immutable after construction.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/http/message.hpp"

namespace thumbgate {

using Handler = std::function<boost::asio::awaitable<Result<Response>>(Request&)>;

enum class RouteKind {
    api,        // never cached, carries the request id
    thumbnail,  // kept by shared caches, so that nothing in it is about one request
    internal,   // for operators: metrics and readiness
};

// `pattern`: segments joined by "/", where "{id}" matches one that is not empty; or "/prefix/*", where "*" is the rest.
struct Route {
    std::string_view method;  // a GET route also answers HEAD
    std::string_view pattern;
    RouteKind kind;
    Handler handler;
};

// GET /routes, for operators and tests: these routes and itself, {"routes": [{"method", "pattern", "kind"}, …]}.
Route table_route(const std::vector<Route>& routes);

class Router {
  public:
    explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

    struct Match {
        const Route* route = nullptr;  // null: none
        std::vector<std::string> parameters;
        std::string allowed;  // methods of this path, joined by ", ", where only the method is wrong
    };
    Match match(std::string_view method, std::string_view path) const;

  private:
    std::vector<Route> routes_;
};

}  // namespace thumbgate
