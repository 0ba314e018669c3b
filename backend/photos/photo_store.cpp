#include "backend/photos/photo_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
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

std::unexpected<Error> nobody_waits() {
    return fail_unavailable("storage_timeout", "The storage took too long; try again later.");
}

}  // namespace

Result<void> PhotoStore::add(const PhotoRecord& record, TempFile original, const std::stop_token& given_up) {
    auto added = storage_.put(original_key(record.id), std::move(original));
    if (added) added = storage_.put(marker_key(record), std::string_view());
    THUMB_FAULT_POINT("upload-unrecorded");
    if (added && given_up.stop_requested()) added = nobody_waits();
    if (added) added = storage_.put(record_key(record.id), encode(record));
    if (!added) (void)take_back(record);
    return added;
}

Result<void> PhotoStore::take_back(const PhotoRecord& record) {
    if (auto removed = storage_.remove(record_key(record.id)); !removed) return removed;
    return remove_files(record);
}

Result<bool> PhotoStore::exists(const std::string& id) {
    if (!is_id(id)) return false;
    const auto removed = storage_.contains(tombstone_key(id));
    if (!removed) return std::unexpected(removed.error());
    if (*removed) return false;
    return storage_.contains(record_key(id));
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
    if (!cursor.empty() && !is_marker(cursor)) {
        return fail(400, "bad_cursor", "The cursor is not one that a listing gave as \"next\".");
    }
    auto keys = storage_.list(owner_prefix(owner));
    if (!keys) return std::unexpected(std::move(keys.error()));
    PhotoPage page;
    std::string last;
    for (const std::string& key : *keys | std::views::reverse) {
        const std::string name = last_part(key);
        if (!is_marker(name) || (!cursor.empty() && name >= cursor)) continue;
        if (page.photos.size() == limit) {
            page.next = last;
            return page;
        }
        auto record = find(name.substr(kTimeDigits + 1));
        if (!record && record.error().code == kDamaged) continue;  // one must not hide the others
        if (!record) return std::unexpected(std::move(record.error()));
        if (!*record || (*record)->owner != owner) continue;  // being added or removed
        page.photos.push_back(std::move(**record));
        last = name;
    }
    return page;
}

Result<bool> PhotoStore::remove(const PhotoRecord& record) {
    auto decided = storage_.put(tombstone_key(record.id), encode(record));
    if (!decided) return std::unexpected(std::move(decided.error()));
    THUMB_FAULT_POINT("removal-decided");
    return remove_files(record).has_value();
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

Result<Removals> PhotoStore::finish_removals() {
    auto keys = storage_.list(kTombstones);
    if (!keys) return std::unexpected(std::move(keys.error()));
    Removals removals;
    for (const std::string& key : *keys) {
        const auto text = read_object(storage_, key, kMaxRecord);
        const auto record = text && *text ? decode_photo(**text) : std::nullopt;
        const bool finished = record && key == tombstone_key(record->id) && remove_files(*record);
        removals.unfinished += finished ? 0 : 1;
        removals.photos.push_back(key.substr(kTombstones.size()));
    }
    return removals;
}

Result<void> PhotoStore::forget_removed(const std::string& id) {
    const auto left = storage_.contains(record_key(id));
    if (!left) return std::unexpected(left.error());
    return *left ? Result<void>() : storage_.remove(tombstone_key(id));
}

}  // namespace thumbgate
