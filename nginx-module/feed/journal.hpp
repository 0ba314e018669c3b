// The feed's state on disk, so that a restarted edge goes on where it was: purges stay in force, and the disk cache
// stays of use. A text file: a line with the epoch, then a line for each entry of the feed,
//
//     thumbgate-feed 1 <epoch, 16 hex digits>
//     <stream id> purge <fingerprint, 16 hex digits>
//     <stream id> seen
//
// appended as they come and written anew when most of it is outdated. What a crash cut off is as if it had not been
// written: the feed is followed from an earlier place, and entries may be applied twice.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "nginx-module/feed/feed_state.hpp"

namespace thumbgate::edge {

class Journal {
  public:
    explicit Journal(std::string path) : path_(std::move(path)) {}
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    ~Journal();

    // Reads a journal into a state that nobody follows yet. False: nothing that could be restored is there, or not all
    // of it has room, or it is larger than 64 MiB. Error: it
    // cannot be read.
    static std::expected<bool, std::string> load(const std::string& path, FeedState& state);

    // Notes an entry. `purged`: the source's fingerprint, where the entry is a purge.
    void note(FeedPosition at, std::optional<std::uint64_t> purged);

    // Writes what was noted. Error: a sentence; the next call writes all of the state.
    std::expected<void, std::string> write(const FeedState& state);

    // The next write begins a file of its own.
    void close();

  private:
    std::expected<void, std::string> append();
    std::expected<void, std::string> rewrite(const FeedState& state);

    std::string path_;
    std::string noted_;
    int fd_ = -1;
    std::uint64_t epoch_ = 0;  // of the file that fd_ appends to
    std::uint64_t lines_ = 0;  // in it
};

// The text of a journal; exposed for its tests. False: its first line is not one.
bool restore_journal(std::string_view text, FeedState& state);

}  // namespace thumbgate::edge
