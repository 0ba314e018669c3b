// What is put in order as time goes by: photos that have been kept for long enough, and marks of uploads that can be
// repeated no more. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <string_view>

#include "backend/photos/retention.hpp"
#include "backend/photos/upload_marks.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

class Upkeep {
  public:
    // All of it outlives this object. `complain`: is told why something stays for now.
    using Complaint = std::function<void(std::string_view reason)>;
    Upkeep(UploadMarks& marks, Retention& retention, StorageThreads& threads, Complaint complain)
        : marks_(marks), retention_(retention), threads_(threads), complain_(std::move(complain)) {}

    // Each hour, a bounded number at a time; never returns.
    boost::asio::awaitable<void> keep_sweeping();

  private:
    boost::asio::awaitable<void> sweep();

    UploadMarks& marks_;
    Retention& retention_;
    StorageThreads& threads_;
    Complaint complain_;
};

}  // namespace thumbgate
