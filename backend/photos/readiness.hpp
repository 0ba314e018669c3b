// GET /readyz: whether a conversion really works, through the same pool as everybody's. An answer counts for a second,
// requests that come while one is being found wait for it, and one that takes 5 seconds is a no. Not thread-safe.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/conversion/pool.hpp"
#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/unique_fd.hpp"

namespace thumbgate {

class Readiness {
  public:
    // The error says that the built-in picture cannot be put into memory.
    static std::expected<std::unique_ptr<Readiness>, std::string> make(const boost::asio::any_io_executor& executor,
                                                                       ConverterPool& pool);

    // Why no conversion works; nullopt: one did, less than a second ago.
    boost::asio::awaitable<std::optional<Error>> find_problem();

    // The routes refer to this object.
    std::vector<Route> routes();

  private:
    struct State;

    Readiness(boost::asio::any_io_executor executor, ConverterPool& pool, UniqueFd picture);

    boost::asio::awaitable<Result<Response>> show(Request& request);
    static boost::asio::awaitable<void> check(ConverterPool& pool, UniqueFd source, std::shared_ptr<State> state);

    boost::asio::any_io_executor executor_;
    ConverterPool& pool_;
    UniqueFd picture_;  // in memory
    std::shared_ptr<State> state_;
};

}  // namespace thumbgate
