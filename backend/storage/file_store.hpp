// Storage in files below one folder. The key photos/<id>/x is the file photos/ab/cd/<id>/x, where abcd begins the id,
// so that no folder grows large. A file is written under tmp/, fsynced, renamed into place, and its folders are
// fsynced. Several processes may share a folder: each receives in a tmp/ folder of its own, locked while it lives, and
// a start removes those whose owner is gone.
#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_set>

#include "backend/storage/storage.hpp"

namespace thumbgate {

class FileStore final : public Storage {
  public:
    // Makes `root` (not its parents) if it is not there. The error is a sentence for the operator.
    static std::expected<std::unique_ptr<FileStore>, std::string> make(const std::filesystem::path& root);
    ~FileStore() override;

    Result<TempFile> make_temp() override;
    Result<void> put(std::string_view key, TempFile file) override;
    Result<void> put(std::string_view key, std::string_view bytes) override;
    Result<std::optional<StoredObject>> open(std::string_view key) override;
    Result<bool> contains(std::string_view key) override;
    Result<void> remove(std::string_view key) override;
    Result<std::vector<std::string>> list(std::string_view prefix) override;
    Result<std::vector<std::string>> list_names(std::string_view kind, std::string_view after,
                                                std::size_t most) override;

    // Removes the folder that is received in. Destruction does, too; this is for when that must not block.
    void remove_temp_folder();

  private:
    FileStore(std::filesystem::path root, std::filesystem::path temp_folder, UniqueFd temp_lock);

    std::filesystem::path path_of(std::string_view key) const;
    // Makes what is missing of `folder` below the root, and its entry in its parent durable.
    Result<void> make_folders(const std::filesystem::path& folder);
    // Held shared while a file goes into the folder, alone while one is removed, and the folder with it.
    std::shared_mutex& removal_lock(const std::filesystem::path& folder);
    bool is_known(const std::filesystem::path& folder);
    void remember(const std::filesystem::path& folder);
    void forget(const std::filesystem::path& folder);

    const std::filesystem::path root_;
    const std::filesystem::path temp_folder_;
    const UniqueFd temp_lock_;
    std::atomic<std::uint64_t> temp_number_ = 0;

    std::array<std::shared_mutex, 64> removal_locks_;  // a folder's by its hash

    std::mutex folders_mutex_;
    std::unordered_set<std::string> folders_;  // by folders_mutex_: folders whose entry in their parent is durable
};

}  // namespace thumbgate
