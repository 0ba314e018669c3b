#include "backend/storage/temp_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace thumbgate {

Error storage_error(int error_number, std::string_view what) {
    std::string detail = std::string(what) + ": " + std::generic_category().message(error_number);
    if (error_number == ENOSPC || error_number == EDQUOT) {
        return {507, "storage_full", "There is no room left to store this.", std::move(detail)};
    }
    return {503, "storage_unavailable", "The storage does not work at the moment; try again later.", std::move(detail),
            std::chrono::seconds(5)};
}

TempFile& TempFile::operator=(TempFile&& other) noexcept {
    if (this != &other) {
        discard();
        fd_ = std::move(other.fd_);
        path_ = std::exchange(other.path_, std::string());
    }
    return *this;
}

Result<TempFile> TempFile::create(std::string path) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return std::unexpected(storage_error(errno, "create " + path));
    return TempFile(std::move(fd), std::move(path));
}

Result<void> TempFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return std::unexpected(storage_error(errno, "write " + path_));
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> TempFile::sync() {
    if (::fsync(fd_.get()) != 0) return std::unexpected(storage_error(errno, "fsync " + path_));
    return {};
}

Result<UniqueFd> TempFile::open_for_reading() const {
    UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return std::unexpected(storage_error(errno, "open " + path_));
    return fd;
}

void TempFile::kept() {
    fd_.reset();
    path_.clear();
}

void TempFile::discard() {
    fd_.reset();
    if (!path_.empty()) ::unlink(path_.c_str());
    path_.clear();
}

}  // namespace thumbgate
