#include "backend/sessions/session_api.hpp"

#include <boost/json.hpp>
#include <utility>

#include "backend/http/json.hpp"
#include "backend/sessions/callers.hpp"
#include "backend/sessions/device.hpp"
#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr std::size_t kMaxBody = 16 * 1024;  // bytes

// {"recovery": "<secret>"}; nullopt where there is nothing, or an object without it.
Result<std::optional<std::string>> recovery_in(const std::string& body) {
    if (body.empty()) return std::optional<std::string>();
    boost::system::error_code error;
    const json::value value = json::parse(body, error);
    const json::object* object = error ? nullptr : value.if_object();
    if (object == nullptr) return fail(400, "malformed_json", "The body is not a JSON object.");
    const json::value* recovery = object->if_contains("recovery");
    if (recovery == nullptr) return std::optional<std::string>();
    if (recovery->is_string()) return json::value_to<std::string>(*recovery);
    return fail(400, "bad_member", "\"recovery\" is the secret of a recovery link, a string.");
}

json::object session_json(const NamedSession& session, bool is_current) {
    const SessionRecord& record = session.record;
    return {{"id", session.hash},        {"created", record.created}, {"last_used", record.last_used},
            {"expires", record.expires}, {"device", record.device},   {"is_current", is_current}};
}

}  // namespace

std::vector<Route> SessionApi::routes() {
    const std::string_view all = "/api/sessions";
    const std::string_view current = "/api/sessions/current";
    return {
        {"POST", all, RouteKind::api, for_sessions_alone([this](Request& request) { return start(request); })},
        {"GET", current, RouteKind::api, for_sessions_alone([this](Request& request) { return show(request); })},
        {"DELETE", current, RouteKind::api, for_sessions_alone([this](Request& request) { return end(request); })},
        {"GET", all, RouteKind::api, for_sessions_alone([this](Request& request) { return list(request); })},
        {"POST", "/api/sessions/recovery", RouteKind::api,
         for_sessions_alone([this](Request& request) { return make_recovery(request); })},
        {"DELETE", "/api/sessions/{id}", RouteKind::api,
         for_sessions_alone([this](Request& request) { return end_one(request); })},
    };
}

// Somebody who has a session gets another one for the same owner: their photos stay theirs.
asio::awaitable<Result<std::optional<std::string>>> SessionApi::owner_of(Request& request) {
    const auto body = co_await read_body(*request.body, kMaxBody);
    if (!body) co_return std::unexpected(body.error());
    const auto secret = recovery_in(*body);
    if (!secret) co_return std::unexpected(secret.error());
    if (*secret) {
        const StageTimer timer(request.times.storage);
        auto owner = co_await owners_.recover(**secret, request.deadline);
        if (!owner || *owner) co_return owner;
        co_return fail(403, "bad_recovery", "This recovery link is not valid, or a newer one took its place.");
    }
    const auto current = co_await sessions_.find(request);
    if (!current) co_return std::unexpected(current.error());
    if (!*current) co_return std::optional<std::string>();
    co_return (*current)->record.owner;
}

asio::awaitable<Result<Response>> SessionApi::start(Request& request) {
    auto owner = co_await owner_of(request);
    if (!owner) co_return std::unexpected(std::move(owner.error()));
    std::string device = describe_device(request.header("User-Agent"));
    const Session session = sessions_.make(std::move(*owner), unix_seconds(), std::move(device));
    auto saved = co_await sessions_.save(request, session);
    if (!saved) co_return std::unexpected(std::move(saved.error()));
    Response response = json_response(201, json::object{{"expires", session.record.expires}});
    response.set("Location", "/api/sessions/current");
    response.set("Set-Cookie", session.set_cookie.value_or(""));
    co_return response;
}

asio::awaitable<Result<Response>> SessionApi::show(Request& request) {
    const auto session = co_await sessions_.require(request);
    if (!session) co_return std::unexpected(session.error());
    auto quota = co_await quota_of_(request, session->record.owner);
    if (!quota) co_return std::unexpected(std::move(quota.error()));
    json::object body;
    body["created"] = session->record.created;
    body["expires"] = session->record.expires;
    body["owner"] = session->record.owner;
    body["quota"] = std::move(*quota);
    Response response = json_response(200, body);
    if (session->set_cookie) response.set("Set-Cookie", *session->set_cookie);
    co_return response;
}

asio::awaitable<Result<Response>> SessionApi::make_recovery(Request& request) {
    const auto session = co_await sessions_.require(request);
    if (!session) co_return std::unexpected(session.error());
    const StageTimer timer(request.times.storage);
    const auto secret = co_await owners_.make_recovery(session->record.owner, request.deadline);
    if (!secret) co_return std::unexpected(secret.error());
    json::object body;
    // Behind the "#" no server and no log sees it.
    body["url"] = public_url_ + "/#recover=" + *secret;
    body["secret"] = *secret;
    body["expires"] = nullptr;
    Response response = json_response(201, body);
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

asio::awaitable<Result<Response>> SessionApi::list(Request& request) {
    const auto session = co_await sessions_.require(request);
    if (!session) co_return std::unexpected(session.error());
    const auto sessions = co_await sessions_.list(request, session->record.owner);
    if (!sessions) co_return std::unexpected(sessions.error());
    json::array items;
    for (const NamedSession& item : *sessions) items.push_back(session_json(item, item.hash == session->hash));
    json::object body;
    body["sessions"] = std::move(items);
    Response response = json_response(200, body);
    if (session->set_cookie) response.set("Set-Cookie", *session->set_cookie);
    co_return response;
}

asio::awaitable<Result<Response>> SessionApi::end_one(Request& request) {
    const auto session = co_await sessions_.require(request);
    if (!session) co_return std::unexpected(session.error());
    const std::string& hash = request.parameters.at(0);
    const auto ended = co_await sessions_.end_one(request, session->record.owner, hash);
    if (!ended) co_return std::unexpected(ended.error());
    if (!*ended) co_return fail(404, "no_such_session", "There is no such session.");
    Response response;
    response.status = 204;
    const bool is_own = hash == session->hash;
    if (is_own) response.set("Set-Cookie", sessions_.removal_cookie());
    if (!is_own && session->set_cookie) response.set("Set-Cookie", *session->set_cookie);
    co_return response;
}

}  // namespace thumbgate
