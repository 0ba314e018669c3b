#include "backend/photos/quarantine.hpp"

#include <algorithm>
#include <utility>

namespace thumbgate {
namespace {

constexpr std::string_view kPrefix = "quarantine/";
constexpr std::uint64_t kMaxRecord = 16 * 1024;  // bytes
constexpr std::size_t kForgottenPart = 10;       // one in so many

std::string key_of(const std::string& digest) {
    return std::string(kPrefix) + digest;
}

}  // namespace

Result<std::optional<QuarantineRecord>> Quarantine::find(const std::string& digest) {
    if (!is_digest(digest)) return std::optional<QuarantineRecord>();
    const auto text = read_object(storage_, key_of(digest), kMaxRecord);
    if (!text) return std::unexpected(text.error());
    if (!*text) return std::optional<QuarantineRecord>();
    auto record = decode_quarantine(**text);
    if (!record || record->digest != digest) return std::optional<QuarantineRecord>();
    return record;
}

Result<QuarantineRecord> Quarantine::strike(const QuarantineRecord& offence, std::uint64_t now) {
    const std::lock_guard lock(mutex_);
    const auto known = find(offence.digest);
    if (!known) return std::unexpected(known.error());
    QuarantineRecord record = offence;
    record.first = record.last = now;
    const bool counts = *known && (is_quarantined(**known) || now <= (*known)->last + kStrikeCounts);
    if (counts) {
        record.first = (*known)->first;
        record.strikes += std::min((*known)->strikes, UINT32_MAX - record.strikes);
        if (record.source.empty()) record.source = (*known)->source;
    }
    if (!*known) {
        if (auto room = make_room(); !room) return std::unexpected(std::move(room.error()));
    }
    if (auto put = storage_.put(key_of(record.digest), encode(record)); !put) {
        return std::unexpected(std::move(put.error()));
    }
    if (!*known) ++*records_;
    return record;
}

// The caller holds the lock.
Result<void> Quarantine::make_room() {
    if (records_ && *records_ < max_records_) return {};
    // Other backends add and release as well: only the storage knows how many there are.
    const auto keys = storage_.list(kPrefix);
    if (!keys) return std::unexpected(keys.error());
    records_ = keys->size();
    return *records_ < max_records_ ? Result<void>() : forget_oldest(*keys);
}

Result<void> Quarantine::forget_oldest(const std::vector<std::string>& keys) {
    std::vector<std::pair<std::uint64_t, std::string>> by_age;
    for (const std::string& key : keys) {
        const auto record = find(key.substr(kPrefix.size()));
        if (!record) return std::unexpected(record.error());
        by_age.emplace_back(*record ? (*record)->last : 0, key);
    }
    std::ranges::sort(by_age);
    by_age.resize(std::max<std::size_t>(by_age.size() / kForgottenPart, 1));
    for (const auto& [last, key] : by_age) {
        if (auto removed = storage_.remove(key); !removed) return removed;
        --*records_;
    }
    return {};
}

Result<QuarantinePage> Quarantine::list(const std::string& after, std::size_t limit) {
    const auto keys = storage_.list(kPrefix);
    if (!keys) return std::unexpected(keys.error());
    QuarantinePage page;
    const auto begin = std::ranges::upper_bound(*keys, key_of(after));
    const auto rest = static_cast<std::size_t>(keys->end() - begin);
    const auto end = begin + static_cast<std::ptrdiff_t>(std::min(rest, limit));
    for (auto key = begin; key != end; ++key) {
        auto record = find(key->substr(kPrefix.size()));
        if (!record) return std::unexpected(std::move(record.error()));
        if (*record && is_quarantined(**record)) page.pictures.push_back(std::move(**record));
    }
    if (end != keys->end() && end != begin) page.next = (end - 1)->substr(kPrefix.size());
    return page;
}

Result<bool> Quarantine::release(const std::string& digest) {
    const std::lock_guard lock(mutex_);
    if (!is_digest(digest)) return false;
    const auto there = storage_.contains(key_of(digest));
    if (!there || !*there) return there;
    if (auto removed = storage_.remove(key_of(digest)); !removed) return std::unexpected(std::move(removed.error()));
    if (records_ && *records_ > 0) --*records_;
    return true;
}

}  // namespace thumbgate
