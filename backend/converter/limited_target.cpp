#include "backend/converter/limited_target.hpp"

#include <unistd.h>

namespace thumbgate {

LimitedTarget::LimitedTarget(int descriptor, std::uint64_t max_bytes)
    : descriptor_(descriptor),
      max_bytes_(max_bytes),
      target_(VIPS_TARGET(vips_target_custom_new())),
      handler_(g_signal_connect(target_.get_target(), "write", G_CALLBACK(&LimitedTarget::on_write), this)) {}

LimitedTarget::~LimitedTarget() {
    g_signal_handler_disconnect(target_.get_target(), handler_);
}

std::int64_t LimitedTarget::on_write(VipsTargetCustom*, const void* data, std::int64_t size, void* self) {
    return size < 0 ? -1 : static_cast<LimitedTarget*>(self)->write(data, static_cast<std::uint64_t>(size));
}

bool LimitedTarget::write_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::int64_t now = write(bytes.data(), bytes.size());
        if (now <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(now));
    }
    return true;
}

std::int64_t LimitedTarget::write(const void* data, std::uint64_t size) {
    if (size > max_bytes_ - written_) {
        overflowed_ = true;
        return -1;
    }
    const ssize_t now = pwrite(descriptor_, data, size, static_cast<off_t>(written_));
    if (now > 0) written_ += static_cast<std::uint64_t>(now);
    return now;
}

}  // namespace thumbgate
