// Going through the files of a result store, and removing the oldest. Whatever vanishes meanwhile was not there; what
// cannot be read is left alone. It makes way for requests: after some files it pauses. Each call blocks; one thread.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "backend/storage/age_histogram.hpp"

namespace thumbgate {

// The name of a file that is being written.
std::string unfinished_name(const std::string& unique);
bool is_unfinished(const std::filesystem::path& path);

// What a file takes up, in whole blocks of 4 KiB.
std::uint64_t size_on_disk(std::uint64_t bytes);
std::uint64_t size_on_disk(const struct stat& facts);

using FoundResult = std::function<void(const std::filesystem::path&, const struct stat&)>;

// Every regular file in a photo's folder.
void walk_photo(const std::filesystem::path& folder, const FoundResult& found);

class ResultSweep {
  public:
    ResultSweep(std::filesystem::path folder, std::chrono::seconds max_age, std::stop_token stop);

    // Removes what is too old, and what a crash left half written. The bytes that are left; nullopt: it was stopped.
    std::optional<std::uint64_t> look();

    // The oldest files that make up so many of the bytes that were seen.
    void remove_oldest(std::uint64_t bytes);

    std::uint64_t removed() const { return removed_; }              // files
    std::uint64_t freed() const { return freed_; }                  // bytes, of both
    std::uint64_t expired_bytes() const { return expired_bytes_; }  // of these, by age

  private:
    // False: it was stopped.
    bool walk(const FoundResult& found);
    bool remove(const std::filesystem::path& path, const struct stat& facts);
    std::chrono::milliseconds age(const struct stat& facts) const;

    const std::filesystem::path folder_;
    const std::chrono::seconds max_age_;
    const std::stop_token stop_;
    const std::chrono::system_clock::time_point now_ = std::chrono::system_clock::now();
    AgeHistogram ages_;
    std::uint64_t removed_ = 0;
    std::uint64_t freed_ = 0;
    std::uint64_t expired_bytes_ = 0;
};

}  // namespace thumbgate
