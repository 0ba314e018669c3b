// A file that is being written and is not yet anything: removed with its object unless it is kept. Calls block; one
// thread at a time.
#pragma once

#include <string>
#include <string_view>

#include "backend/error.hpp"
#include "backend/unique_fd.hpp"

namespace thumbgate {

// `errno` as an Error: 507 where the disk is full, else 503. `what`: e.g. "rename photos/…", for the log.
Error storage_error(int error_number, std::string_view what);

class TempFile {
  public:
    TempFile() = default;
    // Takes over an open file and the duty to remove `path`.
    TempFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
    TempFile(TempFile&& other) noexcept : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, std::string())) {}
    TempFile& operator=(TempFile&& other) noexcept;
    TempFile(const TempFile&) = delete;
    TempFile& operator=(const TempFile&) = delete;
    ~TempFile() { discard(); }

    // Creates `path`, which must not be there, readable by this user alone.
    static Result<TempFile> create(std::string path);

    Result<void> write(std::string_view bytes);  // appends
    Result<void> sync();                         // to the disk, data and size

    // The same file through a descriptor of its own that can only read, at its beginning: what a converter is given.
    Result<UniqueFd> open_for_reading() const;

    const std::string& path() const { return path_; }

    // The file was renamed to where it stays: closes it and forgets it.
    void kept();

  private:
    void discard();

    UniqueFd fd_;
    std::string path_;  // empty: nothing to remove
};

}  // namespace thumbgate
