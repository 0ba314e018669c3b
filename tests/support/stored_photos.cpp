#include "tests/support/stored_photos.hpp"

#include <algorithm>

#include "contract/encoding.hpp"
#include "contract/hmac.hpp"
#include "tests/support/files.hpp"

namespace thumbgate::test {

namespace fs = std::filesystem;

namespace {

size_t files_named(const fs::path& folder, const auto& is_wanted) {
    const auto files = files_below(folder);
    return static_cast<size_t>(std::count_if(files.begin(), files.end(), is_wanted));
}

}  // namespace

std::string checksum_of(const fs::path& file) {
    return fs::exists(file) ? hex_encode(sha256(read_file(file))) : std::string();
}

fs::path StoredPhotos::fan_out(const std::string& kind, const std::string& name) const {
    return root_ / kind / name.substr(0, 2) / name.substr(2, 2) / name;
}

fs::path StoredPhotos::folder_of(const std::string& id) const {
    return fan_out("photos", id);
}

bool StoredPhotos::has_record(const std::string& id) const {
    return fs::exists(folder_of(id) / "record");
}

bool StoredPhotos::has_tombstone(const std::string& id) const {
    return fs::exists(fan_out("tombstones", id));
}

bool StoredPhotos::is_whole(const std::string& id, const std::string& checksum) const {
    return !checksum.empty() && checksum_of(folder_of(id) / "original") == checksum &&
           read_if_there(folder_of(id) / "record").contains(checksum);
}

size_t StoredPhotos::unfinished_files() const {
    return files_named(root_ / "tmp", [](const std::string& file) { return fs::path(file).filename() != "lock"; });
}

size_t StoredPhotos::originals() const {
    return files_named(root_ / "photos", [](const std::string& file) { return file.ends_with("/original"); });
}

}  // namespace thumbgate::test
