// The picture that is shown where a photo cannot be: it is not there, or is nothing that can be shown. The operator's
// own file, read once at start, and converted as each link asks, behind the sandbox as any other. Results are kept in
// memory, a few of them. Not thread-safe.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "backend/conversion/own_picture.hpp"
#include "backend/conversion/pool.hpp"
#include "backend/conversion/single_flight.hpp"
#include "backend/photos/pictures.hpp"

namespace thumbgate {

struct FallbackConfig {
    std::filesystem::path picture;     // empty: there is none
    int status = 200;                  // that it is answered with
    std::chrono::seconds max_age{10};  // for which it is fresh in every cache
};

class Fallback {
  public:
    // Reads the picture. The error is a sentence for the operator.
    static std::expected<std::unique_ptr<Fallback>, std::string> open(const boost::asio::any_io_executor& executor,
                                                                      ConverterPool& pool, FallbackConfig config);

    // Whether this is said of the photo, once and for all, and not of the link, its holder, or the moment.
    static bool stands_in_for(const Error& error);

    // `conversion`: of the photo that cannot be shown. Errors are those of the pool. What was begun may outlive its
    // caller, but not this object.
    boost::asio::awaitable<Result<PicturePtr>> make(Conversion conversion, JobTerms terms);

    const FallbackConfig& config() const { return config_; }
    std::uint64_t given() const { return given_; }  // so far

  private:
    Fallback(const boost::asio::any_io_executor& executor, ConverterPool& pool, FallbackConfig config,
             OwnPicture picture);

    boost::asio::awaitable<Result<PicturePtr>> convert(Conversion conversion, JobTerms terms);

    ConverterPool& pool_;
    const FallbackConfig config_;
    const OwnPicture picture_;
    SingleFlight<PicturePtr> flights_;
    std::map<std::string, PicturePtr> made_;  // by canonical form
    std::uint64_t given_ = 0;
};

}  // namespace thumbgate
