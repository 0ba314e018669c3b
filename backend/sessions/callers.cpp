#include "backend/sessions/callers.hpp"

#include <utility>

#include "backend/http/bearer.hpp"
#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

asio::awaitable<Result<Response>> refuse_key() {
    co_return std::unexpected(session_needed());
}

Caller caller_of(Session session) {
    std::string owner = session.record.owner;
    return {std::move(owner), std::move(session)};
}

}  // namespace

void add_cookie(Response& response, const Session& session) {
    if (session.set_cookie) response.set("Set-Cookie", *session.set_cookie);
}

void add_cookie(Response& response, const Caller& caller) {
    if (caller.session) add_cookie(response, *caller.session);
}

Error session_needed() {
    return {403, "session_needed", "This is for a person's session; an API key cannot do it."};
}

Handler for_sessions_alone(Handler handler) {
    return [handler = std::move(handler)](Request& request) {
        return bearer_token(request) ? refuse_key() : handler(request);
    };
}

asio::awaitable<Result<std::optional<Caller>>> Callers::find_server(Request& request) {
    const auto token = bearer_token(request);
    if (!token) co_return std::optional<Caller>();
    Result<std::optional<ApiKeyRecord>> record;
    if (auto hash = api_key_hash(*token)) {
        const StageTimer timer(request.times.storage);
        auto work = [&keys = keys_, hash = std::move(*hash)] { return keys.find(hash); };
        record = co_await offload(threads_, std::move(work), {.deadline = request.deadline});
    }
    if (!record) co_return std::unexpected(std::move(record.error()));
    if (!*record) co_return fail(401, std::string(kBadKey), "This API key is not valid, or was revoked.");
    request.key = (*record)->id;
    if (const std::uint64_t now = unix_seconds(); uses_.is_due(request.key, now)) {
        const StageTimer timer(request.times.redis);
        co_await uses_.write(request.key, now);
    }
    co_return Caller{std::move((*record)->owner), std::nullopt};
}

asio::awaitable<Result<Caller>> Callers::require(Request& request) {
    auto server = co_await find_server(request);
    if (!server) co_return std::unexpected(std::move(server.error()));
    if (*server) co_return std::move(**server);
    auto session = co_await sessions_.require(request);
    if (!session) co_return std::unexpected(std::move(session.error()));
    co_return caller_of(std::move(*session));
}

asio::awaitable<Result<Caller>> Callers::find_or_make(Request& request) {
    auto server = co_await find_server(request);
    if (!server) co_return std::unexpected(std::move(server.error()));
    if (*server) co_return std::move(**server);
    auto session = co_await sessions_.find_or_make(request);
    if (!session) co_return std::unexpected(std::move(session.error()));
    co_return caller_of(std::move(*session));
}

}  // namespace thumbgate
