// Whose request is it? An API key in "Authorization: Bearer" names its owner, and counts before any cookie; without one
// the session does. A request with a key needs no Redis, makes no session and is answered without a cookie. Keys are
// looked for in the storage each time, so that one which was revoked is so at once, whichever thumbgated is asked.
//
// Not thread-safe: it runs on the service's executor, and leaves blocking work to the storage threads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/sessions/api_keys.hpp"
#include "backend/sessions/key_uses.hpp"
#include "backend/sessions/sessions.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

struct Caller {
    std::string owner;
    std::optional<Session> session;  // nullopt: it is a server, with a key

    bool is_server() const { return !session; }
    // Their owner is new: nothing of theirs is stored.
    bool is_first() const { return session && session->is_first; }
};

// Sends the cookie along where the session has a new one.
void add_cookie(Response& response, const Session& session);
void add_cookie(Response& response, const Caller& caller);

class Callers {
  public:
    // All of it outlives this object.
    Callers(Sessions& sessions, ApiKeys& keys, KeyUses& uses, StorageThreads& threads)
        : sessions_(sessions), keys_(keys), uses_(uses), threads_(threads) {}

    // Errors: 401 bad_key where the key is none, or none any more; 401 no_session without either; those of storage and
    // sessions.
    boost::asio::awaitable<Result<Caller>> require(Request& request);

    // As `require`, but without either there is a new session, not saved yet.
    boost::asio::awaitable<Result<Caller>> find_or_make(Request& request);

  private:
    // nullopt: it comes without a key. Names the key in the request, for the log.
    boost::asio::awaitable<Result<std::optional<Caller>>> find_server(Request& request);

    Sessions& sessions_;
    ApiKeys& keys_;
    KeyUses& uses_;
    StorageThreads& threads_;
};

// 403 session_needed: what keys and sessions are managed by, no key may do.
Error session_needed();

// The handler for those who come without a key.
Handler for_sessions_alone(Handler handler);

}  // namespace thumbgate
