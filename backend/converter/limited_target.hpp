// Where libvips writes a result: a descriptor, from its first byte on, and no more than a given number of bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vips/vips8>

namespace thumbgate {

// Not copyable or movable: libvips keeps its address. Must outlive the save that writes to it.
class LimitedTarget {
  public:
    LimitedTarget(int descriptor, std::uint64_t max_bytes);
    LimitedTarget(const LimitedTarget&) = delete;
    LimitedTarget& operator=(const LimitedTarget&) = delete;
    ~LimitedTarget();

    vips::VTarget get() const { return target_; }

    // For bytes that do not come from a save. False when they are too many, or not all could be written.
    bool write_all(std::string_view bytes);

    std::uint64_t written() const { return written_; }
    bool overflowed() const { return overflowed_; }  // the save failed, and that is why

  private:
    static std::int64_t on_write(VipsTargetCustom* target, const void* data, std::int64_t size, void* self);
    std::int64_t write(const void* data, std::uint64_t size);

    int descriptor_;
    std::uint64_t max_bytes_;
    std::uint64_t written_ = 0;
    bool overflowed_ = false;
    vips::VTarget target_;
    unsigned long handler_;
};

}  // namespace thumbgate
