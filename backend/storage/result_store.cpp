#include "backend/storage/result_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "backend/storage/result_walk.hpp"
#include "backend/storage/temp_file.hpp"
#include "backend/unique_fd.hpp"
#include "backend/units.hpp"
#include "contract/encoding.hpp"
#include "contract/hmac.hpp"

namespace thumbgate {
namespace fs = std::filesystem;
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr int kAttempts = 10;             // a folder may be removed while a file goes into it, and the other way round
constexpr std::int64_t kTouch = 60 * 60;  // seconds between two touches of a file

std::string key_of(std::string_view form) {
    return hex_encode(sha256(form));
}

bool make_one_folder(const fs::path& folder) {
    return ::mkdir(folder.c_str(), kFolderMode) == 0 || errno == EEXIST;
}

// <folder>/ab, <folder>/ab/cd and <folder>/ab/cd/<photo>.
bool make_photo_folder(const fs::path& folder) {
    return make_one_folder(folder.parent_path().parent_path()) && make_one_folder(folder.parent_path()) &&
           make_one_folder(folder);
}

// Everything that the file holds; nullopt where it cannot be read.
std::optional<std::string> read_all(const UniqueFd& fd, std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const ssize_t now = ::read(fd.get(), bytes.data() + done, size - done);
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) return std::nullopt;
        done += static_cast<std::size_t>(now);
    }
    return bytes;
}

// Takes the file's content apart; nullopt where it is not what was written.
std::optional<StoredResult> decode(std::string content) {
    StoredResult result;
    if (content.size() <= result.digest.size()) return std::nullopt;
    std::copy_n(content.begin(), result.digest.size(), result.digest.begin());
    content.erase(0, result.digest.size());
    if (result_digest(content) != result.digest) return std::nullopt;
    result.bytes = std::move(content);
    return result;
}

std::string_view as_text(const ResultDigest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// That it was of use now, so that it goes after those that were not.
void touch(const UniqueFd& fd, const struct stat& facts) {
    if (static_cast<std::int64_t>(unix_seconds()) - facts.st_mtim.tv_sec < kTouch) return;
    (void)::futimens(fd.get(), nullptr);
}

}  // namespace

ResultDigest result_digest(std::string_view bytes) {
    ResultDigest digest{};
    const Sha256 whole = sha256(bytes);
    std::copy_n(whole.begin(), digest.size(), digest.begin());
    return digest;
}

std::expected<void, std::string> ResultStore::make_folder(const ResultStoreConfig& config) {
    if (config.max_size == 0) return {};
    const bool usable = make_one_folder(config.folder) && ::access(config.folder.c_str(), W_OK | X_OK) == 0;
    if (usable) return {};
    return std::unexpected("cannot keep results in the folder " + config.folder.string() + ": " +
                           std::generic_category().message(errno));
}

fs::path ResultStore::folder_of(const std::string& photo) const {
    return config_.folder / photo.substr(0, 2) / photo.substr(2, 2) / photo;
}

std::optional<StoredResult> ResultStore::find(const std::string& photo, std::string_view form) {
    if (!is_on() || !is_id(photo)) return std::nullopt;
    const fs::path path = folder_of(photo) / key_of(form);
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat facts{};
    if (!fd || ::fstat(fd.get(), &facts) != 0) {
        ++misses_;
        return std::nullopt;
    }
    auto content = read_all(fd, static_cast<std::size_t>(facts.st_size));
    auto result = content ? decode(std::move(*content)) : std::nullopt;
    if (result) {
        ++hits_;
        touch(fd, facts);
        return result;
    }
    ++misses_;
    ++damaged_;
    if (::unlink(path.c_str()) == 0) bytes_ -= static_cast<std::int64_t>(size_on_disk(facts));
    return std::nullopt;
}

Result<bool> ResultStore::store(const std::string& photo, std::string_view form, std::string_view bytes,
                                const ResultDigest& digest) {
    if (!takes_results() || !is_id(photo)) return false;
    auto written = write(folder_of(photo) / key_of(form), bytes, digest);
    if (!written) {
        ++failed_;
        return std::unexpected(std::move(written.error()));
    }
    ++stored_;
    return true;
}

Result<void> ResultStore::write(const fs::path& path, std::string_view bytes, const ResultDigest& digest) {
    const fs::path folder = path.parent_path();
    for (int attempt = 1;; ++attempt) {
        if (!make_photo_folder(folder) && (errno != ENOENT || attempt == kAttempts)) {
            return std::unexpected(storage_error(errno, "make the folder " + folder.string()));
        }
        auto file = TempFile::create((folder / unfinished_name(new_id())).string());
        if (!file) {
            // Another thread or process found the folder empty, and removed it.
            if (file.error().status == 503 && attempt < kAttempts) continue;
            return std::unexpected(std::move(file.error()));
        }
        if (auto wrote = file->write(as_text(digest)); !wrote) return wrote;
        if (auto wrote = file->write(bytes); !wrote) return wrote;
        struct stat before{};
        const bool replaces = ::stat(path.c_str(), &before) == 0;
        if (::rename(file->path().c_str(), path.c_str()) != 0) {
            // The photo is being removed, and what was written went with it.
            if (errno == ENOENT) return {};
            return std::unexpected(storage_error(errno, "rename to " + path.string()));
        }
        file->kept();
        bytes_ += static_cast<std::int64_t>(size_on_disk(digest.size() + bytes.size()));
        if (replaces) bytes_ -= static_cast<std::int64_t>(size_on_disk(before));
        return {};
    }
}

Result<void> ResultStore::drop(const std::string& photo) {
    if (!is_id(photo)) return {};
    const fs::path folder = folder_of(photo);
    std::error_code error;
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
        error.clear();
        std::uint64_t freed = 0;
        walk_photo(folder, [&freed](const fs::path& path, const struct stat& facts) {
            if (!is_unfinished(path)) freed += size_on_disk(facts);
        });
        fs::remove_all(folder, error);
        if (!error) {
            bytes_ -= static_cast<std::int64_t>(freed);
            return {};
        }
        // A result is just being stored there, by somebody who will find that the photo is gone.
        if (error != std::errc::directory_not_empty) break;
    }
    return std::unexpected(storage_error(error.value(), "remove " + folder.string()));
}

std::uint64_t ResultStore::sweep(std::uint64_t target, const std::stop_token& stop) {
    const std::int64_t known = bytes_;
    ResultSweep sweep(config_.folder, config_.max_age, stop);
    const auto found = sweep.look();
    if (!found) return 0;
    if (*found > target) sweep.remove_oldest(*found - target);
    evicted_ += sweep.removed();
    // What was stored or dropped meanwhile may be counted twice or not at all, until the next sweep.
    bytes_ += static_cast<std::int64_t>(*found) - known + static_cast<std::int64_t>(sweep.expired_bytes()) -
              static_cast<std::int64_t>(sweep.freed());
    return sweep.freed();
}

std::uint64_t ResultStore::bytes() const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(bytes_, 0));
}

ResultCounts ResultStore::counts() const {
    return {hits_, misses_, damaged_, stored_, failed_, evicted_, bytes()};
}

}  // namespace thumbgate
