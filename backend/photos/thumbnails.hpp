// GET /thumb/<canonical form>: answers with the stored or converted picture for shared caches to keep. Nothing in the
// response is about one request or one client. Where the form asks for a description, that is answered in the same way.
//
// AVIF takes seconds where the other formats take a fraction of one. Where it was negotiated and is not there yet, the
// answer is an interim: the next best accepted format, marked as such and fresh for a moment, while the AVIF is made in
// the background. Where there is a fallback picture it is shown instead of a photo that cannot be, marked and kept in
// the same way. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <vector>

#include "backend/http/message.hpp"
#include "backend/http/router.hpp"
#include "backend/photos/fallback.hpp"
#include "backend/photos/photo_info.hpp"
#include "backend/photos/pictures.hpp"
#include "backend/photos/recent_failures.hpp"

namespace thumbgate {

class Thumbnails {
  public:
    // `interim_max_age`: how long an interim is fresh in every cache. `fallback`: null: a photo that cannot be shown is
    // an error.
    Thumbnails(Pictures& pictures, PhotoInfo& info, std::chrono::seconds interim_max_age, Fallback* fallback = nullptr);

    // The routes refer to this object.
    std::vector<Route> routes();

    std::uint64_t interims() const { return interims_; }  // given so far

  private:
    using Answer = boost::asio::awaitable<Result<Response>>;

    Answer show(Request& request);
    Answer show_photo(Request& request, Conversion wanted);
    Answer show_fallback(Request& request, Conversion wanted);
    Answer show_info(Request& request, Conversion wanted);
    boost::asio::awaitable<Result<PicturePtr>> find(Request& request, const std::string& photo,
                                                    const Conversion& conversion);
    boost::asio::awaitable<Result<PicturePtr>> make(Request& request, const std::string& photo, Conversion conversion);
    // Whether an AVIF is on its way, or may be begun with the next request: false where it failed a short time ago.
    bool begin_avif(const std::string& photo, const Conversion& conversion);

    Pictures& pictures_;
    PhotoInfo& info_;
    std::chrono::seconds interim_max_age_;
    Fallback* fallback_;
    RecentFailures failures_;
    std::uint64_t interims_ = 0;
};

// Whether an If-None-Match header (RFC 9110 §13.1.2) names `etag`, which is strong and quoted. Weak comparison.
bool names_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace thumbgate
