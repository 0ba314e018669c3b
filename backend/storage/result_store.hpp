// Converted pictures, kept so that they need not be made again: <folder>/ab/cd/<photo>/<key>, where abcd begins the
// photo's id and the key is the SHA-256 of what was asked for. A file is the digest of its bytes, then the bytes. It is
// written aside and renamed, but not fsynced: what a crash or the disk damaged is noticed by its digest when it is
// read, removed, and made anew.
//
// Nothing is indexed in memory; only the sum of the sizes is. A file's mtime says when it was last of use, to the hour.
// Every call blocks and runs on a storage thread or the sweeper's; any number of threads may call at once, and several
// processes may share a folder.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "backend/error.hpp"

namespace thumbgate {

struct ResultStoreConfig {
    std::filesystem::path folder;
    std::uint64_t max_size = 10ULL << 30;                 // bytes on disk; 0: nothing is kept
    std::chrono::seconds max_age{std::chrono::days(90)};  // since a result was last of use
};

struct ResultCounts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t damaged = 0;  // these are misses as well
    std::uint64_t stored = 0;
    std::uint64_t failed = 0;   // served, but not stored: the disk refused
    std::uint64_t evicted = 0;  // by size, by age, or to make room on the disk
    std::uint64_t bytes = 0;    // kept at the moment, in whole blocks
};

using ResultDigest = std::array<std::uint8_t, 16>;  // the first bytes of the SHA-256
ResultDigest result_digest(std::string_view bytes);

struct StoredResult {
    std::string bytes;
    ResultDigest digest;
};

class ResultStore {
  public:
    // Makes the folder (not its parents) where results are kept. The error is a sentence for the operator.
    static std::expected<void, std::string> make_folder(const ResultStoreConfig& config);

    explicit ResultStore(ResultStoreConfig config) : config_(std::move(config)) {}
    ResultStore(const ResultStore&) = delete;
    ResultStore& operator=(const ResultStore&) = delete;

    bool is_on() const { return config_.max_size != 0; }
    // Whether what is stored now stays: not while there is too little room on the disk.
    bool takes_results() const { return is_on() && !shedding_; }
    void set_shedding(bool shedding) { shedding_ = shedding; }

    // `photo` is an id, `form` says what was made of it. Whatever cannot be read is not there.
    std::optional<StoredResult> find(const std::string& photo, std::string_view form);

    // False: it is not kept, because results are off or shed. On an error nothing of it is left.
    Result<bool> store(const std::string& photo, std::string_view form, std::string_view bytes,
                       const ResultDigest& digest);

    // Every result of a photo. Dropping what is not there succeeds.
    Result<void> drop(const std::string& photo);

    // Removes what is too old, then the longest unused until at most `target` bytes are left, and learns the sum anew.
    // Returns the bytes that were freed. Ends early when it is asked to stop. One at a time.
    std::uint64_t sweep(std::uint64_t target, const std::stop_token& stop);

    std::uint64_t bytes() const;
    ResultCounts counts() const;
    const ResultStoreConfig& config() const { return config_; }

  private:
    std::filesystem::path folder_of(const std::string& photo) const;
    Result<void> write(const std::filesystem::path& path, std::string_view bytes, const ResultDigest& digest);

    const ResultStoreConfig config_;
    std::atomic<bool> shedding_ = false;
    std::atomic<std::int64_t> bytes_ = 0;  // an estimate between sweeps
    std::atomic<std::uint64_t> hits_ = 0;
    std::atomic<std::uint64_t> misses_ = 0;
    std::atomic<std::uint64_t> damaged_ = 0;
    std::atomic<std::uint64_t> stored_ = 0;
    std::atomic<std::uint64_t> failed_ = 0;
    std::atomic<std::uint64_t> evicted_ = 0;
};

}  // namespace thumbgate
