// A converter pool that keeps pictures which break converters away from them: before a job it looks its source up in
// the quarantine, by JobTerms::digest, and after one that failed by the picture's doing it puts the source there. A
// crash, which took two converters, is enough for that; a timeout has to happen twice, and so has a crash of one
// converter whose caller did not wait for the second. Jobs without a digest go by.
// Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "backend/conversion/pool.hpp"
#include "backend/photos/quarantine.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

// Code of the refusal.
inline constexpr std::string_view kQuarantined = "quarantined";

class QuarantineObserver {
  public:
    virtual ~QuarantineObserver() = default;
    virtual void on_quarantined(const QuarantineRecord& record) = 0;
    virtual void on_quarantine_refused() = 0;
    // A strike could not be written down.
    virtual void on_strike_lost(const std::string& digest, std::string_view why) = 0;
};

class QuarantinedPool final : public ConverterPool {
  public:
    // What is referred to outlives this object.
    QuarantinedPool(std::unique_ptr<ConverterPool> pool, Quarantine& quarantine, StorageThreads& threads,
                    QuarantineObserver& observer)
        : pool_(std::move(pool)), quarantine_(quarantine), threads_(threads), observer_(observer) {}

    // Errors beside those of the pool: 422 quarantined, and those of the storage.
    boost::asio::awaitable<Result<Picture>> convert(UniqueFd source, Conversion conversion, JobTerms terms) override;
    boost::asio::awaitable<Result<PictureFacts>> inspect(UniqueFd source, JobTerms terms) override;
    void stop() override { pool_->stop(); }

  private:
    boost::asio::awaitable<Result<void>> admit(JobTerms terms);
    std::function<void(Offence)> note_of_unheard(boost::asio::any_io_executor executor, std::uint32_t of_overrun,
                                                 std::string digest, std::string source);
    boost::asio::awaitable<void> take_note(Error error, std::uint32_t strikes, std::string digest, std::string source);

    std::unique_ptr<ConverterPool> pool_;
    Quarantine& quarantine_;
    StorageThreads& threads_;
    QuarantineObserver& observer_;
};

}  // namespace thumbgate
