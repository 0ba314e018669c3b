#include "backend/storage/storage.hpp"

#include <unistd.h>

#include <cerrno>

namespace thumbgate {
namespace {

constexpr std::size_t kMaxKey = 200;          // bytes
constexpr std::size_t kMinFanOutSegment = 4;  // characters of the second segment

bool is_segment(std::string_view segment) {
    constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    return !segment.empty() && segment.front() != '.' && segment.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

bool is_storage_key(std::string_view key) {
    if (key.size() > kMaxKey) return false;
    std::size_t segments = 0;
    for (;;) {
        const std::size_t slash = key.find('/');
        const std::string_view segment = key.substr(0, slash);
        ++segments;
        if (!is_segment(segment)) return false;
        if (segments == 2 && segment.size() < kMinFanOutSegment) return false;
        if (slash == std::string_view::npos) return segments >= 2 && segments <= 4;
        key.remove_prefix(slash + 1);
    }
}

Result<std::optional<std::string>> read_object(Storage& storage, std::string_view key, std::uint64_t max_bytes) {
    auto object = storage.open(key);
    if (!object) return std::unexpected(std::move(object.error()));
    if (!*object) return std::optional<std::string>();
    if ((*object)->size > max_bytes) {
        return fail(500, "damaged_record", "A record in the storage is damaged.", std::string(key) + " is too large");
    }
    std::string bytes((*object)->size, '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count = ::read((*object)->fd.get(), bytes.data() + done, bytes.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return std::unexpected(storage_error(errno, "read " + std::string(key)));
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    bytes.resize(done);
    return std::optional(std::move(bytes));
}

}  // namespace thumbgate
