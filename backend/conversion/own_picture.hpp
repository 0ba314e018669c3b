// A picture of the operator's own: a file that is read once, at start, and kept in memory from then on, where nobody
// can change it. Thread-safe.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "backend/converter/protocol.hpp"
#include "backend/unique_fd.hpp"

namespace thumbgate {

class OwnPicture {
  public:
    // The error is a sentence for the operator. What begins as a picture is taken for one; nothing is decoded.
    static std::expected<OwnPicture, std::string> read(const std::filesystem::path& path);

    // For one job: not writable, with an offset of its own. Empty where no descriptor is left.
    UniqueFd open() const;

    const std::string& digest() const { return digest_; }  // SHA-256 in hex
    SourceFormat format() const { return format_; }        // by its first bytes

  private:
    OwnPicture(UniqueFd memory, std::string digest, SourceFormat format)
        : memory_(std::move(memory)), digest_(std::move(digest)), format_(format) {}

    UniqueFd memory_;
    std::string digest_;
    SourceFormat format_;
};

}  // namespace thumbgate
