// GET /quarantine and DELETE /quarantine/{digest}, for `thumbgate quarantine`: pictures that break converters, and
// their release. For operators: no edge proxies them. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/photos/quarantine.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

class QuarantineApi {
  public:
    QuarantineApi(Quarantine& quarantine, StorageThreads& threads) : quarantine_(quarantine), threads_(threads) {}

    // The routes refer to this object.
    std::vector<Route> routes();

  private:
    // {pictures: [{digest, reason, source, strikes, first, last}], next}: "next" is ?after= of the following page.
    boost::asio::awaitable<Result<Response>> list(Request& request);
    boost::asio::awaitable<Result<Response>> release(Request& request);

    Quarantine& quarantine_;
    StorageThreads& threads_;
};

}  // namespace thumbgate
