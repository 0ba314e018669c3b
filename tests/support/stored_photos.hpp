// What thumbgated keeps of photos, read past it: from its folder, and by checksum.
#pragma once

#include <filesystem>
#include <string>

namespace thumbgate::test {

// SHA-256 in hex; "" if the file is not there.
std::string checksum_of(const std::filesystem::path& file);

// Below the folder that --photos names.
class StoredPhotos {
  public:
    explicit StoredPhotos(std::filesystem::path root) : root_(std::move(root)) {}

    std::filesystem::path folder_of(const std::string& id) const;
    bool has_record(const std::string& id) const;
    bool has_tombstone(const std::string& id) const;
    // The original has this checksum, and the record knows it.
    bool is_whole(const std::string& id, const std::string& checksum) const;
    // Files that are being received, or were when a process was killed.
    size_t unfinished_files() const;
    // Names of the folders of photos, finished or not.
    size_t originals() const;

  private:
    std::filesystem::path fan_out(const std::string& kind, const std::string& name) const;

    std::filesystem::path root_;
};

}  // namespace thumbgate::test
