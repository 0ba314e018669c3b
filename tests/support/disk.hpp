// A small file system of its own, which a test can fill, make read-only and freeze. Only root may mount one. A program
// apart thaws and unmounts it when the object goes, and when the whole test is killed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "tests/support/files.hpp"
#include "tests/support/process.hpp"

namespace thumbgate::test {

class Disk {
  public:
    enum class Kind {
        memory,  // tmpfs
        ext4,    // in a file, behind a loop device: it can be frozen
    };

    // Null where this process may not mount.
    static std::unique_ptr<Disk> mount(Kind kind, uint64_t bytes);
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    ~Disk();

    const std::filesystem::path& path() const { return mount_point_; }

    void fill();                         // to the last byte
    void make_room();                    // undoes it
    void set_read_only(bool read_only);  // for all that is opened from here on: a second mount above the first
    // From here on whatever writes to it hangs, and cannot be killed; reading goes on.
    void freeze();
    void thaw();

  private:
    Disk();

    TempDir dir_;
    std::filesystem::path mount_point_;
    UniqueFd cleaner_stdin_;  // when it closes, the cleaner cleans
    std::optional<Process> cleaner_;
};

}  // namespace thumbgate::test
