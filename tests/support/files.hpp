// Temporary folders and whole-file reads and writes.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace thumbgate::test {

// A fresh folder with a short name (a unix socket's path may have 107 bytes), removed with everything in it when the
// object goes. THUMBGATE_KEEP=1 in the environment keeps it and prints where it is.
class TempDir {
  public:
    TempDir();
    TempDir(TempDir&& other) noexcept;
    TempDir& operator=(TempDir&&) = delete;
    ~TempDir();

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

// The whole file; an absent file throws std::system_error that names it.
std::string read_file(const std::filesystem::path& path);
// The whole file, or "" if it is not there (yet).
std::string read_if_there(const std::filesystem::path& path);
// Writes the whole file with `mode`, whatever the umask; makes the folders above it.
void write_file(const std::filesystem::path& path, std::string_view content, mode_t mode = 0644);

std::vector<std::string> lines_of(std::string_view text);
// Every regular file below `dir`, as paths relative to it, sorted; empty if `dir` is not there.
std::vector<std::string> files_below(const std::filesystem::path& dir);
// Every occurrence of `from` in `text` becomes `to`.
std::string replace_all(std::string text, std::string_view from, std::string_view to);

}  // namespace thumbgate::test
