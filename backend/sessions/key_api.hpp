// POST and GET /api/keys, DELETE /api/keys/{id}: the API keys of an owner, for a session alone. Another owner's key is
// answered as one that is not there. Not thread-safe: it runs on the service's executor, and leaves blocking work to
// the storage threads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/sessions/api_keys.hpp"
#include "backend/sessions/key_uses.hpp"
#include "backend/sessions/owners.hpp"
#include "backend/sessions/sessions.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

// What the handlers work with; all of it outlives them.
struct KeyParts {
    Sessions& sessions;
    Owners& owners;
    ApiKeys& keys;
    KeyUses& uses;
    StorageThreads& threads;
};

class KeyApi {
  public:
    explicit KeyApi(KeyParts parts) : parts_(parts) {}

    // The routes refer to this object.
    std::vector<Route> routes();

  private:
    using Answer = boost::asio::awaitable<Result<Response>>;

    Answer make(Request& request);
    Answer list(Request& request);
    Answer revoke(Request& request);

    // Error: 409 for an owner who has kept nothing, of whom anybody can be as many as they like.
    boost::asio::awaitable<Result<void>> check_owner(Request& request, std::string owner);

    KeyParts parts_;
};

}  // namespace thumbgate
