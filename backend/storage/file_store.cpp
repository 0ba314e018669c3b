#include "backend/storage/file_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "backend/units.hpp"
#include "faults/fault_point.hpp"

namespace thumbgate {
namespace fs = std::filesystem;
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr std::size_t kMaxKnownFolders = 4096;  // then they are learnt anew, at an fsync each
constexpr int kPutAttempts = 5;                 // another process may remove a folder while a file goes into it
constexpr std::string_view kTempFolder = "tmp";
constexpr std::string_view kLockName = "lock";

std::string system_message(const std::string& what) {
    return what + ": " + std::generic_category().message(errno);
}

Result<void> sync_folder(const fs::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return std::unexpected(storage_error(errno, "fsync " + folder.string()));
    return {};
}

// An exclusive lock on a file, which is made if it is not there. `wait`: else an empty descriptor when it is taken.
UniqueFd lock_file(const fs::path& file, bool wait) {
    UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return {};
    while (::flock(fd.get(), wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR) return {};
    }
    return fd;
}

// Removes the receiving folders of processes that are gone. The caller holds the lock of tmp/.
void sweep_temp_folders(const fs::path& temp_root) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(temp_root, ignored)) {
        if (!entry.is_directory(ignored)) continue;
        const UniqueFd lock = lock_file(entry.path() / kLockName, false);
        if (lock) fs::remove_all(entry.path(), ignored);
    }
}

bool make_folder(const fs::path& folder) {
    return ::mkdir(folder.c_str(), kFolderMode) == 0 || errno == EEXIST;
}

// "kind", "name" and what follows of "kind/name/rest".
struct KeyParts {
    std::string_view kind;
    std::string_view name;
    std::string_view rest;
};

KeyParts split_key(std::string_view key) {
    const std::size_t first = std::min(key.find('/'), key.size());
    const std::string_view tail = key.substr(std::min(first + 1, key.size()));
    const std::size_t second = std::min(tail.find('/'), tail.size());
    return {key.substr(0, first), tail.substr(0, second), tail.substr(std::min(second + 1, tail.size()))};
}

fs::path fan_out(const fs::path& root, std::string_view kind, std::string_view name) {
    return root / kind / name.substr(0, 2) / name.substr(2, 2) / name;
}

Error bad_key(std::string_view key) {
    return {500, "bad_storage_key", "An internal name is not valid.", "not a storage key: " + std::string(key)};
}

// Adds the keys of the file `path`, or of the files below it. What vanishes meanwhile is not there.
void collect(const fs::path& path, const std::string& key, std::vector<std::string>& keys, std::error_code& error) {
    const fs::file_status status = fs::symlink_status(path, error);
    if (status.type() == fs::file_type::not_found) error.clear();
    if (status.type() == fs::file_type::regular) keys.push_back(key);
    if (status.type() != fs::file_type::directory) return;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
        collect(it->path(), key + "/" + it->path().filename().string(), keys, error);
        if (error) return;
    }
    if (error == std::errc::no_such_file_or_directory) error.clear();
}

// The same for every name of a kind, below the two levels of fan-out.
void collect_kind(const fs::path& folder, const std::string& kind, std::vector<std::string>& keys,
                  std::error_code& error) {
    for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        if (it.depth() != 2) continue;
        it.disable_recursion_pending();
        collect(it->path(), kind + "/" + it->path().filename().string(), keys, error);
        if (error) return;
    }
    if (error == std::errc::no_such_file_or_directory) error.clear();
}

// The names in a folder, from `first` on, in ascending order; none where it has gone.
std::vector<std::string> names_from(const fs::path& folder, std::string_view first, std::error_code& error) {
    std::vector<std::string> names;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        std::string name = it->path().filename().string();
        if (name >= first) names.push_back(std::move(name));
    }
    if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) error.clear();
    std::ranges::sort(names);
    return names;
}

// Two levels of fan-out, so that only the folders between `after` and the last name are read.
void collect_names(const fs::path& folder, std::string_view after, std::size_t most, std::vector<std::string>& names,
                   std::error_code& error) {
    const std::string_view first = after.substr(0, 2);
    for (const std::string& outer : names_from(folder, first, error)) {
        const std::string_view second = outer == first ? after.substr(std::min<std::size_t>(2, after.size()), 2) : "";
        for (const std::string& inner : names_from(folder / outer, second, error)) {
            for (std::string& name : names_from(folder / outer / inner, after, error)) {
                if (name != after) names.push_back(std::move(name));
                if (names.size() == most) return;
            }
        }
    }
}

}  // namespace

std::expected<std::unique_ptr<FileStore>, std::string> FileStore::make(const fs::path& root) {
    const fs::path temp_root = root / kTempFolder;
    for (const fs::path& folder : {root, temp_root}) {
        if (!make_folder(folder)) return std::unexpected(system_message("cannot make the folder " + folder.string()));
    }
    const UniqueFd sweeping = lock_file(temp_root / kLockName, true);
    if (!sweeping) return std::unexpected(system_message("cannot write in the folder " + temp_root.string()));
    sweep_temp_folders(temp_root);
    fs::path own = temp_root / new_id();
    if (!make_folder(own)) return std::unexpected(system_message("cannot make the folder " + own.string()));
    UniqueFd lock = lock_file(own / kLockName, true);
    if (!lock) return std::unexpected(system_message("cannot lock " + (own / kLockName).string()));
    return std::unique_ptr<FileStore>(new FileStore(root, std::move(own), std::move(lock)));
}

FileStore::FileStore(fs::path root, fs::path temp_folder, UniqueFd temp_lock)
    : root_(std::move(root)), temp_folder_(std::move(temp_folder)), temp_lock_(std::move(temp_lock)) {}

FileStore::~FileStore() {
    remove_temp_folder();
}

void FileStore::remove_temp_folder() {
    std::error_code ignored;
    fs::remove_all(temp_folder_, ignored);
}

fs::path FileStore::path_of(std::string_view key) const {
    const KeyParts parts = split_key(key);
    const fs::path folder = fan_out(root_, parts.kind, parts.name);
    return parts.rest.empty() ? folder : folder / parts.rest;
}

Result<TempFile> FileStore::make_temp() {
    return TempFile::create((temp_folder_ / std::to_string(temp_number_.fetch_add(1))).string());
}

Result<void> FileStore::put(std::string_view key, std::string_view bytes) {
    auto file = make_temp();
    if (!file) return std::unexpected(std::move(file.error()));
    if (auto written = file->write(bytes); !written) return written;
    return put(key, std::move(*file));
}

Result<void> FileStore::put(std::string_view key, TempFile file) {
    if (!is_storage_key(key)) return std::unexpected(bad_key(key));
    if (auto synced = file.sync(); !synced) return synced;
    THUMB_FAULT_POINT("upload-before-rename");
    const fs::path path = path_of(key);
    const fs::path folder = path.parent_path();
    for (int attempt = 1;; ++attempt) {
        const std::shared_lock lock(removal_lock(folder));
        if (auto made = make_folders(folder); !made) return made;
        if (::rename(file.path().c_str(), path.c_str()) == 0) break;
        if (errno != ENOENT || attempt == kPutAttempts) {
            return std::unexpected(storage_error(errno, "rename to " + path.string()));
        }
        forget(folder);
    }
    THUMB_FAULT_POINT("upload-after-rename");
    file.kept();
    return sync_folder(folder);
}

Result<std::optional<StoredObject>> FileStore::open(std::string_view key) {
    if (!is_storage_key(key)) return std::unexpected(bad_key(key));
    const fs::path path = path_of(key);
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd && errno == ENOENT) return std::optional<StoredObject>();
    struct stat facts{};
    if (!fd || ::fstat(fd.get(), &facts) != 0) return std::unexpected(storage_error(errno, "open " + path.string()));
    StoredObject object{std::move(fd), static_cast<std::uint64_t>(facts.st_size)};
    return std::optional(std::move(object));
}

Result<bool> FileStore::contains(std::string_view key) {
    if (!is_storage_key(key)) return std::unexpected(bad_key(key));
    const fs::path path = path_of(key);
    if (::access(path.c_str(), F_OK) == 0) return true;
    if (errno == ENOENT) return false;
    return std::unexpected(storage_error(errno, "look for " + path.string()));
}

Result<void> FileStore::remove(std::string_view key) {
    if (!is_storage_key(key)) return std::unexpected(bad_key(key));
    const fs::path path = path_of(key);
    const fs::path folder = path.parent_path();
    const std::unique_lock lock(removal_lock(folder));
    const bool was_there = ::unlink(path.c_str()) == 0;
    if (!was_there && errno != ENOENT) return std::unexpected(storage_error(errno, "remove " + path.string()));
    Result<void> synced;
    if (was_there) synced = sync_folder(folder);
    // Another process may have taken the folder with it: then its entry is what has to be gone for good.
    if (!synced && !fs::exists(folder)) synced = sync_folder(folder.parent_path());
    // Also where there was nothing: a process that was killed just here has left its folder empty.
    const bool has_own_folder = !split_key(key).rest.empty();
    if (has_own_folder && ::rmdir(folder.c_str()) == 0) forget(folder);
    return synced;
}

Result<std::vector<std::string>> FileStore::list(std::string_view prefix) {
    const KeyParts parts = split_key(prefix);
    const std::string probe = std::string(parts.kind) + "/" + std::string(parts.name.empty() ? "probe" : parts.name);
    if (!prefix.ends_with('/') || !parts.rest.empty() || !is_storage_key(probe))
        return std::unexpected(bad_key(prefix));
    std::vector<std::string> keys;
    std::error_code error;
    if (parts.name.empty()) {
        collect_kind(root_ / parts.kind, std::string(parts.kind), keys, error);
    } else {
        collect(fan_out(root_, parts.kind, parts.name), probe, keys, error);
    }
    if (error) return std::unexpected(storage_error(error.value(), "list " + std::string(prefix)));
    std::ranges::sort(keys);
    return keys;
}

Result<std::vector<std::string>> FileStore::list_names(std::string_view kind, std::string_view after,
                                                       std::size_t most) {
    if (!is_storage_key(std::string(kind) + "/probe")) return std::unexpected(bad_key(kind));
    std::vector<std::string> names;
    std::error_code error;
    if (most > 0) collect_names(root_ / kind, after, most, names, error);
    if (error) return std::unexpected(storage_error(error.value(), "list the names of " + std::string(kind)));
    return names;
}

Result<void> FileStore::make_folders(const fs::path& folder) {
    if (folder == root_ || is_known(folder)) return {};
    if (auto made = make_folders(folder.parent_path()); !made) return made;
    if (!make_folder(folder)) return std::unexpected(storage_error(errno, "make the folder " + folder.string()));
    // Also where another made it: only now is it certain to be on the disk.
    if (auto synced = sync_folder(folder.parent_path()); !synced) return synced;
    remember(folder);
    return {};
}

std::shared_mutex& FileStore::removal_lock(const fs::path& folder) {
    return removal_locks_[fs::hash_value(folder) % removal_locks_.size()];
}

bool FileStore::is_known(const fs::path& folder) {
    const std::lock_guard lock(folders_mutex_);
    return folders_.contains(folder.native());
}

void FileStore::remember(const fs::path& folder) {
    const std::lock_guard lock(folders_mutex_);
    if (folders_.size() >= kMaxKnownFolders) folders_.clear();
    folders_.insert(folder.native());
}

void FileStore::forget(const fs::path& folder) {
    const std::lock_guard lock(folders_mutex_);
    folders_.erase(folder.native());
}

}  // namespace thumbgate
