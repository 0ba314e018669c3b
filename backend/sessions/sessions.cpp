#include "backend/sessions/sessions.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "backend/sessions/device.hpp"
#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::uint64_t kTouchInterval = 60;  // seconds between two writes of when a session was used
constexpr std::size_t kMaxSessions = 100;     // of one owner

}  // namespace

std::string_view Sessions::cookie_name() const {
    return config_.secure_cookie ? kSecureCookieName : kPlainCookieName;
}

std::string Sessions::cookie(std::string_view value, std::uint64_t max_age) const {
    std::string field(cookie_name());
    field += "=";
    field += value;
    field += "; Path=/; Max-Age=" + std::to_string(max_age) + "; HttpOnly; SameSite=Lax";
    if (config_.secure_cookie) field += "; Secure";
    return field;
}

std::string Sessions::removal_cookie() const {
    return cookie("", 0);
}

Result<std::optional<SessionToken>> Sessions::token_of(const Request& request, std::uint64_t now) const {
    // The edge reads several Cookie fields as one as well.
    const std::string cookies = join_headers(request.headers, "Cookie", "; ");
    auto token = find_session_token(cookie_key_, cookies, cookie_name(), now);
    const std::string hash = token ? token->hash() : std::string();
    if (hash == request.identity.session) return token;
    return fail(403, "session_mismatch", "The session cookie does not fit this request; delete it and try again.",
                "the edge saw the session \"" + request.identity.session.substr(0, 16) + "\", the cookie's is \"" +
                    hash.substr(0, 16) + "\"; are thumb_session_cookie and --cookie-secure set alike?");
}

asio::awaitable<Result<std::optional<Session>>> Sessions::find(Request& request) {
    const std::uint64_t now = unix_seconds();
    auto token = token_of(request, now);
    if (!token) co_return std::unexpected(std::move(token.error()));
    if (!*token) co_return std::optional<Session>();
    Session session;
    session.hash = (*token)->hash();
    {
        const StageTimer timer(request.times.redis);
        auto record = co_await store_.find(session.hash);
        if (!record) co_return std::unexpected(std::move(record.error()));
        if (!*record) co_return std::optional<Session>();
        session.record = std::move(**record);
    }
    co_await refresh(request, session, **token, now);
    co_return std::optional(std::move(session));
}

// Past half of its life a session gets a whole one again: the same random part, so the same hash, in a new cookie. When
// it was used is remembered as well, but not for each of a page's requests. If Redis fails here, the next request tries
// again.
asio::awaitable<void> Sessions::refresh(Request& request, Session& session, SessionToken token, std::uint64_t now) {
    const auto lifetime = static_cast<std::uint64_t>(config_.lifetime.count());
    const bool is_to_renew = token.expires < now + lifetime / 2;
    if (!is_to_renew && now < session.record.last_used + kTouchInterval) co_return;
    SessionRecord refreshed = session.record;
    refreshed.last_used = now;
    if (is_to_renew) refreshed.expires = now + lifetime;
    const StageTimer timer(request.times.redis);
    const auto saved = co_await store_.prolong(session.hash, refreshed, now);
    if (!saved) co_return;
    session.record = std::move(refreshed);
    if (!is_to_renew) co_return;
    token.expires = session.record.expires;
    session.set_cookie = cookie(encode_session_token(cookie_key_, token), lifetime);
}

asio::awaitable<Result<Session>> Sessions::require(Request& request) {
    auto session = co_await find(request);
    if (!session) co_return std::unexpected(std::move(session.error()));
    if (*session) co_return std::move(**session);
    co_return fail(401, "no_session", "This needs a session; POST /api/sessions starts one, and so does an upload.");
}

asio::awaitable<Result<Session>> Sessions::find_or_make(Request& request) {
    if (!store_.is_available()) {
        co_return fail_unavailable("redis_unavailable", "The session store does not answer; try again in a moment.",
                                   "Redis is known to be down");
    }
    auto session = co_await find(request);
    if (!session) co_return std::unexpected(std::move(session.error()));
    if (*session) co_return std::move(**session);
    co_return make(std::nullopt, unix_seconds(), describe_device(request.header("User-Agent")));
}

Session Sessions::make(std::optional<std::string> owner, std::uint64_t now, std::string device) const {
    const auto lifetime = static_cast<std::uint64_t>(config_.lifetime.count());
    const SessionToken token = new_session_token(now + lifetime);
    Session session;
    session.hash = token.hash();
    session.is_first = !owner;
    session.record = {owner ? std::move(*owner) : new_id(), now, now + lifetime, now, std::move(device)};
    session.set_cookie = cookie(encode_session_token(cookie_key_, token), lifetime);
    session.is_new = true;
    return session;
}

asio::awaitable<Result<void>> Sessions::save(Request& request, const Session& session) {
    const std::uint64_t now = unix_seconds();
    const StageTimer timer(request.times.redis);
    if (!session.is_first) {
        auto room = co_await make_room(session.record.owner, now);
        if (!room) co_return room;
    }
    co_return co_await store_.save(session.hash, session.record, now);
}

asio::awaitable<Result<void>> Sessions::make_room(std::string owner, std::uint64_t now) {
    auto sessions = co_await store_.list(owner, now);
    if (!sessions) co_return std::unexpected(std::move(sessions.error()));
    if (sessions->size() < kMaxSessions) co_return Result<void>();
    co_return co_await end(std::move(sessions->front().hash), std::move(owner), now);
}

asio::awaitable<Result<std::vector<NamedSession>>> Sessions::list(Request& request, std::string owner) {
    const StageTimer timer(request.times.redis);
    auto sessions = co_await store_.list(std::move(owner), unix_seconds());
    if (!sessions) co_return sessions;
    std::ranges::stable_sort(*sessions, std::ranges::greater(),
                             [](const NamedSession& session) { return session.record.last_used; });
    co_return sessions;
}

asio::awaitable<Result<bool>> Sessions::end_one(Request& request, std::string owner, std::string hash) {
    const StageTimer timer(request.times.redis);
    const auto record = co_await store_.find(hash);
    if (!record) co_return std::unexpected(record.error());
    if (!*record || (*record)->owner != owner) co_return false;
    const auto ended = co_await end(std::move(hash), std::move(owner), unix_seconds());
    if (!ended) co_return std::unexpected(ended.error());
    co_return true;
}

asio::awaitable<Result<void>> Sessions::end(Request& request) {
    const std::uint64_t now = unix_seconds();
    const auto token = token_of(request, now);
    if (!token) co_return std::unexpected(token.error());
    if (!*token) co_return Result<void>();
    const StageTimer timer(request.times.redis);
    std::string hash = (*token)->hash();
    const auto record = co_await store_.find(hash);
    if (!record) co_return std::unexpected(record.error());
    // One that is no more is announced all the same: the announcement may have been what failed the last time.
    std::string owner;
    if (*record) owner = (*record)->owner;
    co_return co_await end(std::move(hash), std::move(owner), now);
}

asio::awaitable<Result<void>> Sessions::end(std::string hash, std::string owner, std::uint64_t now) {
    FeedEvent event;
    event.kind = FeedEventKind::end_session;
    event.name = hash;
    // No cookie of this session lives longer: it may have been renewed a moment ago.
    event.expires = now + static_cast<std::uint64_t>(config_.lifetime.count());
    // Announced first: as long as its record is there, who was told of a failure can end it again.
    auto announced = co_await feed_.announce(std::move(event));
    if (!announced) co_return announced;
    co_return co_await store_.remove(std::move(hash), std::move(owner));
}

}  // namespace thumbgate
