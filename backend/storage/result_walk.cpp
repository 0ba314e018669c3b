#include "backend/storage/result_walk.hpp"

#include <unistd.h>

#include <system_error>
#include <utility>

#include "backend/storage/pause.hpp"

namespace thumbgate {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kBlock = 4096;           // bytes
constexpr int kPhotosBetweenPauses = 64;         // folders
constexpr std::chrono::milliseconds kPause(2);   // so that requests come first
constexpr std::chrono::hours kUnfinishedFor(1);  // nobody writes a result for so long
constexpr int kPhotoDepth = 2;                   // below the two levels of fan-out

}  // namespace

std::string unfinished_name(const std::string& unique) {
    return "." + unique;
}

bool is_unfinished(const fs::path& path) {
    return path.filename().native().starts_with('.');
}

std::uint64_t size_on_disk(std::uint64_t bytes) {
    return (bytes + kBlock - 1) / kBlock * kBlock;
}

std::uint64_t size_on_disk(const struct stat& facts) {
    return size_on_disk(static_cast<std::uint64_t>(facts.st_size));
}

void walk_photo(const fs::path& folder, const FoundResult& found) {
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        struct stat facts{};
        if (::lstat(it->path().c_str(), &facts) == 0 && S_ISREG(facts.st_mode)) found(it->path(), facts);
    }
}

ResultSweep::ResultSweep(fs::path folder, std::chrono::seconds max_age, std::stop_token stop)
    : folder_(std::move(folder)), max_age_(max_age), stop_(std::move(stop)) {}

bool ResultSweep::walk(const FoundResult& found) {
    int photos = 0;
    std::error_code error;
    constexpr auto kOptions = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator it(folder_, kOptions, error), end; !error && it != end; it.increment(error)) {
        if (it.depth() != kPhotoDepth) continue;
        it.disable_recursion_pending();
        walk_photo(it->path(), found);
        ::rmdir(it->path().c_str());  // where nothing is left in it
        if (++photos % kPhotosBetweenPauses == 0 && !pause(stop_, kPause)) return false;
    }
    return !stop_.stop_requested();
}

std::chrono::milliseconds ResultSweep::age(const struct stat& facts) const {
    const auto modified = std::chrono::seconds(facts.st_mtim.tv_sec) + std::chrono::nanoseconds(facts.st_mtim.tv_nsec);
    return std::chrono::floor<std::chrono::milliseconds>(now_.time_since_epoch() - modified);
}

bool ResultSweep::remove(const fs::path& path, const struct stat& facts) {
    if (::unlink(path.c_str()) != 0) return false;
    ++removed_;
    freed_ += size_on_disk(facts);
    return true;
}

std::optional<std::uint64_t> ResultSweep::look() {
    std::uint64_t left = 0;
    const bool finished = walk([&](const fs::path& path, const struct stat& facts) {
        const auto old = age(facts);
        if (is_unfinished(path)) {
            if (old > kUnfinishedFor) ::unlink(path.c_str());
        } else if (old > max_age_ && remove(path, facts)) {
            expired_bytes_ += size_on_disk(facts);
        } else {
            ages_.add(old, size_on_disk(facts));
            left += size_on_disk(facts);
        }
    });
    return finished ? std::optional(left) : std::nullopt;
}

void ResultSweep::remove_oldest(std::uint64_t bytes) {
    AgeHistogram::Cut cut = ages_.cut(bytes);
    walk([&](const fs::path& path, const struct stat& facts) {
        if (is_unfinished(path)) return;
        // What was of use since it was seen is younger now.
        const std::size_t bucket = AgeHistogram::bucket_of(age(facts));
        if (bucket < cut.bucket || (bucket == cut.bucket && cut.bytes == 0)) return;
        if (!remove(path, facts) || bucket != cut.bucket) return;
        cut.bytes -= std::min(cut.bytes, size_on_disk(facts));
    });
}

}  // namespace thumbgate
