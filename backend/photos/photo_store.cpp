#include "backend/photos/photo_store.hpp"

#include <fmt/format.h>

#include <functional>
#include <ranges>
#include <set>
#include <utility>

#include "backend/units.hpp"
#include "faults/fault_point.hpp"

namespace thumbgate {
namespace {

constexpr std::uint64_t kMaxRecord = 64 * 1024;  // bytes
constexpr std::size_t kTimeDigits = 13;          // of milliseconds, until the year 2286
constexpr std::string_view kTombstones = "tombstones/";
constexpr std::string_view kDamaged = "damaged_record";

std::string original_key(const std::string& id) {
    return "photos/" + id + "/original";
}
std::string record_key(const std::string& id) {
    return "photos/" + id + "/record";
}
std::string tombstone_key(const std::string& id) {
    return std::string(kTombstones) + id;
}
std::string owner_prefix(const std::string& owner) {
    return "owners/" + owner + "/";
}

// "<created ms>-<id>": the last part of an owner's marker, and the cursor of a listing.
std::string marker(const PhotoRecord& record) {
    return fmt::format("{:013}-{}", record.created_ms, record.id);
}
std::string marker_key(const PhotoRecord& record) {
    return owner_prefix(record.owner) + marker(record);
}

bool is_marker(std::string_view text) {
    return text.size() > kTimeDigits && text[kTimeDigits] == '-' && is_id(text.substr(kTimeDigits + 1)) &&
           text.substr(0, kTimeDigits).find_first_not_of("0123456789") == std::string_view::npos;
}

std::string last_part(const std::string& key) {
    return key.substr(key.rfind('/') + 1);
}

std::unexpected<Error> damaged(const std::string& key) {
    return fail(500, std::string(kDamaged), "A record in the storage is damaged.", key);
}

// A page of what `find` finds of the photos that an owner's markers name, the newest first.
template <typename Page, typename Find>
Result<Page> list_markers(Result<std::vector<std::string>> keys, const std::string& cursor, std::size_t limit,
                          const Find& find) {
    if (!cursor.empty() && !is_marker(cursor)) {
        return fail(400, "bad_cursor", "The cursor is not one that a listing gave as \"next\".");
    }
    if (!keys) return std::unexpected(std::move(keys.error()));
    Page page;
    std::string last;
    for (const std::string& key : *keys | std::views::reverse) {
        const std::string name = last_part(key);
        if (!is_marker(name) || (!cursor.empty() && name >= cursor)) continue;
        if (page.photos.size() == limit) {
            page.next = last;
            return page;
        }
        auto found = find(name.substr(kTimeDigits + 1));
        if (!found && found.error().code == kDamaged) continue;  // one must not hide the others
        if (!found) return std::unexpected(std::move(found.error()));
        if (!*found) continue;
        page.photos.push_back(std::move(**found));
        last = name;
    }
    return page;
}

std::unexpected<Error> nobody_waits() {
    return fail_unavailable("storage_timeout", "The storage took too long; try again later.");
}

}  // namespace

Result<void> PhotoStore::add(const PhotoRecord& record, TempFile original, const std::stop_token& given_up) {
    auto added = store(record, std::move(original), given_up);
    if (!added) (void)take_back(record);
    return added;
}

Result<void> PhotoStore::store(const PhotoRecord& record, TempFile original, const std::stop_token& given_up) {
    auto added = storage_.put(original_key(record.id), std::move(original));
    if (added) added = storage_.put(marker_key(record), std::string_view());
    THUMB_FAULT_POINT("upload-unrecorded");
    if (added && given_up.stop_requested()) added = nobody_waits();
    if (added) added = storage_.put(record_key(record.id), encode(record));
    return added;
}

Result<void> PhotoStore::take_back(const PhotoRecord& record) {
    if (auto removed = storage_.remove(record_key(record.id)); !removed) return removed;
    return remove_files(record);
}

Result<bool> PhotoStore::exists(const std::string& id) {
    if (!is_id(id)) return false;
    const auto removed = is_removed(id);
    if (!removed) return std::unexpected(removed.error());
    if (*removed) return false;
    return storage_.contains(record_key(id));
}

Result<bool> PhotoStore::is_removed(const std::string& id) {
    return storage_.contains(tombstone_key(id));
}

Result<std::optional<PhotoRecord>> PhotoStore::find(const std::string& id) {
    const auto there = exists(id);
    if (!there) return std::unexpected(there.error());
    if (!*there) return std::optional<PhotoRecord>();
    const auto text = read_object(storage_, record_key(id), kMaxRecord);
    if (!text) return std::unexpected(text.error());
    if (!*text) return std::optional<PhotoRecord>();
    auto record = decode_photo(**text);
    if (!record || record->id != id) return damaged(record_key(id));
    return record;
}

Result<std::optional<Original>> PhotoStore::open_original(const std::string& id) {
    auto record = find(id);
    if (!record) return std::unexpected(std::move(record.error()));
    if (!*record) return std::optional<Original>();
    auto original = storage_.open(original_key(id));
    if (!original) return std::unexpected(std::move(original.error()));
    if (*original) return Original{std::move(**original), std::move((*record)->sha256), std::move((*record)->format)};
    // Removed between the two looks, or lost.
    const auto still_there = exists(id);
    if (still_there && *still_there) return damaged(original_key(id) + " is missing");
    return std::optional<Original>();
}

Result<PhotoPage> PhotoStore::list(const std::string& owner, const std::string& cursor, std::size_t limit) {
    const auto find_own = [&](const std::string& id) -> Result<std::optional<PhotoRecord>> {
        auto record = find(id);
        // Being added or removed.
        if (record && *record && (*record)->owner != owner) record->reset();
        return record;
    };
    return list_markers<PhotoPage>(storage_.list(owner_prefix(owner)), cursor, limit, find_own);
}

Result<std::vector<std::string>> PhotoStore::ids_of(const std::string& owner) {
    const auto markers = storage_.list(owner_prefix(owner));
    if (!markers) return std::unexpected(markers.error());
    const auto tombstones = storage_.list(kTombstones);
    if (!tombstones) return std::unexpected(tombstones.error());
    std::set<std::string> removed;
    for (const std::string& key : *tombstones) removed.insert(last_part(key));
    std::vector<std::string> ids;
    for (const std::string& key : *markers) {
        const std::string name = last_part(key);
        if (!is_marker(name)) continue;
        std::string id = name.substr(kTimeDigits + 1);
        if (!removed.contains(id)) ids.push_back(std::move(id));
    }
    return ids;
}

Result<DeletedPage> PhotoStore::list_deleted(const std::string& owner, const std::string& cursor, std::size_t limit,
                                             std::uint64_t now) {
    const auto find_own = [&](const std::string& id) -> Result<std::optional<Tombstone>> {
        auto tombstone = find_tombstone(id);
        if (!tombstone || !*tombstone) return tombstone;
        const bool counts = (*tombstone)->photo.owner == owner && (*tombstone)->restorable_until >= now;
        return counts ? std::move(*tombstone) : std::optional<Tombstone>();
    };
    return list_markers<DeletedPage>(storage_.list(owner_prefix(owner)), cursor, limit, find_own);
}

Result<std::vector<std::string>> PhotoStore::owners(const std::string& after, std::size_t most) {
    return storage_.list_names("owners", after, most);
}

Result<std::vector<PhotoRecord>> PhotoStore::list_older(const std::string& owner, std::uint64_t created_ms,
                                                        std::size_t most) {
    const auto keys = storage_.list(owner_prefix(owner));
    if (!keys) return std::unexpected(keys.error());
    const std::string end = owner_prefix(owner) + fmt::format("{:013}-", created_ms);
    std::vector<PhotoRecord> older;
    for (const std::string& key : *keys) {
        if (key >= end || older.size() == most) break;
        const std::string name = last_part(key);
        if (!is_marker(name)) continue;
        auto record = find(name.substr(kTimeDigits + 1));
        if (!record && record.error().code == kDamaged) continue;
        if (!record) return std::unexpected(std::move(record.error()));
        if (*record && (*record)->owner == owner) older.push_back(std::move(**record));
    }
    return older;
}

Result<std::optional<Tombstone>> PhotoStore::find_tombstone(const std::string& id) {
    if (!is_id(id)) return std::optional<Tombstone>();
    const auto text = read_object(storage_, tombstone_key(id), kMaxRecord);
    if (!text) return std::unexpected(text.error());
    if (!*text) return std::optional<Tombstone>();
    auto tombstone = decode_tombstone(**text);
    if (!tombstone || tombstone->photo.id != id) return damaged(tombstone_key(id));
    return tombstone;
}

std::mutex& PhotoStore::fate_of(const std::string& id) {
    return fates_.at(std::hash<std::string>()(id) % fates_.size());
}

Result<bool> PhotoStore::remove(const PhotoRecord& record, std::uint64_t now, std::uint64_t restorable_until) {
    const std::lock_guard lock(fate_of(record.id));
    auto decided = storage_.put(tombstone_key(record.id), encode(Tombstone{record, now, restorable_until}));
    if (!decided) return std::unexpected(std::move(decided.error()));
    THUMB_FAULT_POINT("removal-decided");
    return restorable_until > now || remove_files(record).has_value();
}

Result<std::optional<PhotoRecord>> PhotoStore::restore(const std::string& id, const std::string& owner,
                                                       std::uint64_t now, const std::stop_token& given_up) {
    const std::lock_guard lock(fate_of(id));
    auto tombstone = find_tombstone(id);
    if (!tombstone) return std::unexpected(std::move(tombstone.error()));
    if (!*tombstone || (*tombstone)->photo.owner != owner || (*tombstone)->restorable_until < now) {
        return std::optional<PhotoRecord>();
    }
    if (given_up.stop_requested()) return nobody_waits();
    THUMB_FAULT_POINT("restoration-decided");
    if (auto restored = storage_.remove(tombstone_key(id)); !restored) {
        return std::unexpected(std::move(restored.error()));
    }
    return std::optional(std::move((*tombstone)->photo));
}

Result<bool> PhotoStore::finish_removal(const std::string& id, std::uint64_t now) {
    const std::lock_guard lock(fate_of(id));
    const auto tombstone = find_tombstone(id);
    if (!tombstone) return std::unexpected(tombstone.error());
    if (!*tombstone || (*tombstone)->restorable_until >= now) return true;
    return remove_files((*tombstone)->photo).has_value();
}

// The record goes last of all: a tombstone alone says that the removal is finished.
Result<void> PhotoStore::remove_files(const PhotoRecord& record) {
    for (const std::string& key : {original_key(record.id), marker_key(record)}) {
        if (auto removed = storage_.remove(key); !removed) return removed;
    }
    if (results_ != nullptr) {
        if (auto dropped = results_->drop(record.id); !dropped) return dropped;
    }
    return storage_.remove(record_key(record.id));
}

Result<Removals> PhotoStore::finish_removals(std::uint64_t now) {
    auto keys = storage_.list(kTombstones);
    if (!keys) return std::unexpected(std::move(keys.error()));
    Removals removals;
    for (const std::string& key : *keys) {
        const std::string id = key.substr(kTombstones.size());
        removals.photos.push_back(id);
        const auto tombstone = find_tombstone(id);
        if (tombstone && *tombstone && (*tombstone)->restorable_until >= now) {
            removals.restorable[id] = (*tombstone)->restorable_until;
            continue;
        }
        const bool finished = tombstone && *tombstone && remove_files((*tombstone)->photo);
        removals.unfinished += finished ? 0 : 1;
    }
    return removals;
}

Result<void> PhotoStore::forget_removed(const std::string& id) {
    const auto left = storage_.contains(record_key(id));
    if (!left) return std::unexpected(left.error());
    return *left ? Result<void>() : storage_.remove(tombstone_key(id));
}

}  // namespace thumbgate
