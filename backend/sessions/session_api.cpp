#include "backend/sessions/session_api.hpp"

#include <boost/json/object.hpp>
#include <utility>

#include "backend/http/json.hpp"
#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;

std::vector<Route> SessionApi::routes() {
    const std::string_view all = "/api/sessions";
    const std::string_view current = "/api/sessions/current";
    return {
        {"POST", all, RouteKind::api, [this](Request& request) { return start(request); }},
        {"GET", current, RouteKind::api, [this](Request& request) { return show(request); }},
        {"DELETE", current, RouteKind::api, [this](Request& request) { return end(request); }},
    };
}

// Somebody who has a session gets another one for the same owner: their photos stay theirs.
asio::awaitable<Result<Response>> SessionApi::start(Request& request) {
    auto current = co_await sessions_.find(request);
    if (!current) co_return std::unexpected(std::move(current.error()));
    std::optional<std::string> owner;
    if (*current) owner = (*current)->record.owner;
    const Session session = sessions_.make(std::move(owner), unix_seconds());
    auto saved = co_await sessions_.save(request, session);
    if (!saved) co_return std::unexpected(std::move(saved.error()));
    Response response = json_response(201, boost::json::object{{"expires", session.record.expires}});
    response.set("Location", "/api/sessions/current");
    response.set("Set-Cookie", session.set_cookie.value_or(""));
    co_return response;
}

asio::awaitable<Result<Response>> SessionApi::show(Request& request) {
    const auto session = co_await sessions_.require(request);
    if (!session) co_return std::unexpected(session.error());
    const SessionRecord& record = session->record;
    Response response = json_response(
        200, boost::json::object{{"created", record.created}, {"expires", record.expires}, {"owner", record.owner}});
    if (session->set_cookie) response.set("Set-Cookie", *session->set_cookie);
    co_return response;
}

asio::awaitable<Result<Response>> SessionApi::end(Request& request) {
    auto ended = co_await sessions_.end(request);
    if (!ended) co_return std::unexpected(std::move(ended.error()));
    Response response;
    response.status = 204;
    response.set("Set-Cookie", sessions_.removal_cookie());
    co_return response;
}

}  // namespace thumbgate
