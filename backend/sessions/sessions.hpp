// Whose request is it? The cookie names a session, the session an owner. A cookie that the edge did not vouch for is
// refused; one past half its life is issued anew, for the same session. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "backend/feed/control_feed.hpp"
#include "backend/http/message.hpp"
#include "backend/sessions/session_store.hpp"
#include "contract/hmac.hpp"
#include "contract/session_cookie.hpp"

namespace thumbgate {

struct SessionConfig {
    std::chrono::seconds lifetime{30LL * 24 * 3600};
    bool secure_cookie = true;  // `Secure` and the __Host- name; false only where the edge speaks plain HTTP
};

struct Session {
    std::string hash;
    SessionRecord record;
    std::optional<std::string> set_cookie;  // to be sent with the response
    bool is_new = false;                    // not in Redis before it is saved
    bool is_first = false;                  // of its owner, who is new as well
};

class Sessions {
  public:
    // All of it outlives this object.
    Sessions(SessionStore& store, ControlFeed& feed, const HmacKey& cookie_key, SessionConfig config)
        : store_(store), feed_(feed), cookie_key_(cookie_key), config_(config) {}

    // nullopt: no cookie, or its session is no more.
    // Errors: 403 where the cookie is not the session that the edge saw, 503 without Redis.
    boost::asio::awaitable<Result<std::optional<Session>>> find(Request& request);

    // As `find`, but none is 401.
    boost::asio::awaitable<Result<Session>> require(Request& request);

    // As `find`, but none is a new one, not saved yet. 503 at once when Redis is known to be down.
    boost::asio::awaitable<Result<Session>> find_or_make(Request& request);

    // A new session, for `owner` if there is one, else for a new owner. Not saved yet.
    Session make(std::optional<std::string> owner, std::uint64_t now, std::string device = {}) const;

    // Saves a new session. The one that would expire first ends where the owner has too many.
    boost::asio::awaitable<Result<void>> save(Request& request, const Session& session);

    // The sessions of that owner, the one that was used last first.
    boost::asio::awaitable<Result<std::vector<NamedSession>>> list(Request& request, std::string owner);

    // Ends a session of that owner, at every edge too. False: the owner has no such session.
    boost::asio::awaitable<Result<bool>> end_one(Request& request, std::string owner, std::string hash);

    // Ends the request's session, if it has one, at every edge too. The response has to carry `removal_cookie`.
    boost::asio::awaitable<Result<void>> end(Request& request);
    std::string removal_cookie() const;

  private:
    std::string_view cookie_name() const;
    std::string cookie(std::string_view value, std::uint64_t max_age) const;
    // The valid token of the cookie, if there is one. Error: it is not the one that the edge saw.
    Result<std::optional<SessionToken>> token_of(const Request& request, std::uint64_t now) const;
    boost::asio::awaitable<void> refresh(Request& request, Session& session, SessionToken token, std::uint64_t now);
    boost::asio::awaitable<Result<void>> make_room(std::string owner, std::uint64_t now);
    boost::asio::awaitable<Result<void>> end(std::string hash, std::string owner, std::uint64_t now);

    SessionStore& store_;
    ControlFeed& feed_;
    const HmacKey& cookie_key_;
    SessionConfig config_;
};

}  // namespace thumbgate
