#include "backend/http/router.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <utility>

#include "backend/http/json.hpp"

namespace thumbgate {
namespace {

// Takes a segment off the front of `path`, without the "/" that follows it.
std::string_view take_segment(std::string_view& path) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    return segment;
}

std::optional<std::vector<std::string>> match_pattern(std::string_view pattern, std::string_view path) {
    std::vector<std::string> parameters;
    if (pattern.ends_with("/*")) {
        pattern.remove_suffix(1);
        if (!path.starts_with(pattern)) return std::nullopt;
        parameters.emplace_back(path.substr(pattern.size()));
        return parameters;
    }
    // As many "/": else "/a" and "/a/" would be the same.
    if (std::ranges::count(pattern, '/') != std::ranges::count(path, '/')) return std::nullopt;
    while (!pattern.empty()) {
        const std::string_view expected = take_segment(pattern);
        const std::string_view segment = take_segment(path);
        if (expected.starts_with('{')) {
            if (segment.empty()) return std::nullopt;
            parameters.emplace_back(segment);
        } else if (segment != expected) {
            return std::nullopt;
        }
    }
    return path.empty() ? std::optional(std::move(parameters)) : std::nullopt;
}

const char* name(RouteKind kind) {
    switch (kind) {
        case RouteKind::api:
            return "api";
        case RouteKind::thumbnail:
            return "thumbnail";
        case RouteKind::internal:
            break;
    }
    return "internal";
}

boost::json::object route_json(const Route& route) {
    return {{"method", route.method}, {"pattern", route.pattern}, {"kind", name(route.kind)}};
}

}  // namespace

Route table_route(const std::vector<Route>& routes) {
    Route own{"GET", "/routes", RouteKind::internal, {}};
    boost::json::array table;
    for (const Route& route : routes) table.push_back(route_json(route));
    table.push_back(route_json(own));
    boost::json::object body;
    body["routes"] = std::move(table);
    own.handler = [body = std::move(body)](Request& /*request*/) -> boost::asio::awaitable<Result<Response>> {
        co_return json_response(200, body);
    };
    return own;
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
    Match match;
    for (const Route& route : routes_) {
        auto parameters = match_pattern(route.pattern, path);
        if (!parameters) continue;
        if (route.method == method || (route.method == "GET" && method == "HEAD")) {
            return {&route, std::move(*parameters), {}};
        }
        if (!match.allowed.empty()) match.allowed += ", ";
        match.allowed += route.method;
        if (route.method == "GET") match.allowed += ", HEAD";
    }
    return match;
}

}  // namespace thumbgate
