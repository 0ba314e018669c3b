// The converted pictures of photos: stored ones, and those that have to be made, each once however many ask for it, and
// then stored. A picture of a photo that was removed meanwhile is neither stored nor given.
// Not thread-safe: it runs on the service's executor, and leaves blocking work to the storage threads.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "backend/conversion/pool.hpp"
#include "backend/conversion/single_flight.hpp"
#include "backend/photos/photo_store.hpp"
#include "backend/storage/result_store.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

struct MadePicture {
    std::string bytes;
    Format format;
    ResultDigest digest;
    bool is_stored = false;
};
using PicturePtr = std::shared_ptr<const MadePicture>;
using MadePtr = std::shared_ptr<MadePicture>;

std::unexpected<Error> no_such_photo();

// What pictures are made from; all of it outlives them, and the executor's last coroutine.
struct PictureParts {
    boost::asio::any_io_executor executor;
    PhotoStore& photos;
    ResultStore& results;
    StorageThreads& threads;
    ConverterPool& pool;
    std::function<void(const Error&)> on_not_stored;  // at most once a minute
    const WatermarkPicture* watermark = nullptr;      // null: there is none
};

class Pictures {
  public:
    explicit Pictures(PictureParts parts) : parts_(std::move(parts)), flights_(parts_.executor) {}

    // The stored one; null: it has to be made. 404 where there is no such photo, 400 where a watermark is asked for and
    // there is none.
    boost::asio::awaitable<Result<PicturePtr>> find(std::string photo, Conversion conversion, Deadline deadline);

    // Makes it, or waits for the one who does, until terms.deadline.
    // Errors: those of the converter pool and the storage; 404 where there is no such photo, or no longer.
    boost::asio::awaitable<Result<PicturePtr>> make(std::string photo, Conversion conversion, JobTerms terms);

    // Makes it while nobody waits, and tells the result. False: it is under way already, or enough others are.
    bool make_in_background(const std::string& photo, const Conversion& conversion,
                            std::function<void(const Result<PicturePtr>&)> landed);

    // Whether what is made will be found again.
    bool keeps_results() const { return parts_.results.takes_results(); }

  private:
    std::string result_form(const Conversion& conversion) const;
    boost::asio::awaitable<Result<PicturePtr>> fly(std::string photo, Conversion conversion, JobTerms terms);
    boost::asio::awaitable<Result<PicturePtr>> publish(std::string photo, std::string form, MadePtr made);
    void report(const Error& error);

    PictureParts parts_;
    SingleFlight<PicturePtr> flights_;
    std::size_t in_background_ = 0;
    std::chrono::steady_clock::time_point quiet_until_{};
};

}  // namespace thumbgate
