#include "backend/photos/link_store.hpp"

#include <fmt/format.h>

#include <utility>

#include "backend/units.hpp"
#include "faults/fault_point.hpp"

namespace thumbgate {
namespace {

constexpr std::uint64_t kMaxRecord = 64 * 1024;          // bytes
constexpr std::uint64_t kRemembered = 7ULL * 24 * 3600;  // seconds for which an expired link is found
constexpr std::uint64_t kMarkerAlone = 3600;             // seconds after which a marker's record does not come any more
constexpr std::size_t kTimeDigits = 10;                  // of seconds, until the year 2286
constexpr std::string_view kRevoked = "revoked_links/";

std::string record_key(const std::string& id) {
    return "shared_links/" + id;
}
std::string revoked_key(const std::string& id) {
    return std::string(kRevoked) + id;
}
std::string owner_prefix(const std::string& owner) {
    return "owner_links/" + owner + "/";
}
std::string marker_key(const LinkRecord& record) {
    return owner_prefix(record.owner) + fmt::format("{:010}-{}", record.created, record.id);
}

struct Marker {
    std::uint64_t created;
    std::string link;
};

Marker parse_marker(const std::string& key) {
    const std::string name = key.substr(key.rfind('/') + 1);
    if (name.size() <= kTimeDigits) return {0, ""};
    return {std::strtoull(name.c_str(), nullptr, 10), name.substr(kTimeDigits + 1)};
}

Result<std::optional<LinkRecord>> read_link(Storage& storage, const std::string& key) {
    const auto text = read_object(storage, key, kMaxRecord);
    if (!text) return std::unexpected(text.error());
    if (!*text) return std::optional<LinkRecord>();
    auto record = decode_link(**text);
    if (!record) return fail(500, "damaged_record", "A record in the storage is damaged.", key);
    return record;
}

}  // namespace

Result<void> LinkStore::check_limit(const LinkRecord& record) {
    const auto marked = storage_.list(owner_prefix(record.owner));
    if (!marked) return std::unexpected(marked.error());
    if (marked->size() < max_links_) return {};
    const auto links = list(record.owner, record.created);
    if (!links) return std::unexpected(links.error());
    if (links->size() < max_links_) return {};
    return fail(409, "too_many_links",
                "You have " + std::to_string(max_links_) + " links already; revoke some that are not needed.");
}

Result<void> LinkStore::add(const LinkRecord& record, const std::stop_token& given_up) {
    if (auto allowed = check_limit(record); !allowed) return allowed;
    auto added = storage_.put(marker_key(record), std::string_view());
    THUMB_FAULT_POINT("link-unrecorded");
    if (added && given_up.stop_requested()) {
        added = fail_unavailable("storage_timeout", "The storage took too long; try again later.");
    }
    if (added) added = storage_.put(record_key(record.id), encode(record));
    if (!added) (void)remove_files(record);
    return added;
}

Result<std::optional<LinkRecord>> LinkStore::find(const std::string& id) {
    if (!is_id(id)) return std::optional<LinkRecord>();
    const auto revoked = storage_.contains(revoked_key(id));
    if (!revoked) return std::unexpected(revoked.error());
    if (*revoked) return std::optional<LinkRecord>();
    return read_link(storage_, record_key(id));
}

Result<std::vector<LinkRecord>> LinkStore::list(const std::string& owner, std::uint64_t now) {
    const auto keys = storage_.list(owner_prefix(owner));
    if (!keys) return std::unexpected(keys.error());
    std::vector<LinkRecord> links;
    for (const std::string& key : *keys) {
        const Marker marker = parse_marker(key);
        auto record = find(marker.link);
        if (!record && record.error().code == "damaged_record") continue;  // one must not hide the others
        if (!record) return std::unexpected(std::move(record.error()));
        const bool is_lost = !*record && marker.created + kMarkerAlone < now;
        if (is_lost) (void)storage_.remove(key);  // else the next listing does it
        if (!*record || (*record)->owner != owner) continue;
        if ((*record)->expires + kRemembered < now) (void)remove_files(**record);
        if ((*record)->expires >= now) links.push_back(std::move(**record));
    }
    return links;
}

Result<void> LinkStore::revoke(const LinkRecord& record) {
    auto decided = storage_.put(revoked_key(record.id), encode(record));
    if (!decided) return decided;
    THUMB_FAULT_POINT("revocation-decided");
    (void)remove_files(record);  // else the next start does it
    return {};
}

Result<void> LinkStore::remove_files(const LinkRecord& record) {
    if (auto removed = storage_.remove(record_key(record.id)); !removed) return removed;
    return storage_.remove(marker_key(record));
}

Result<std::vector<Revocation>> LinkStore::revocations(std::uint64_t now) {
    const auto keys = storage_.list(kRevoked);
    if (!keys) return std::unexpected(keys.error());
    std::vector<Revocation> all;
    for (const std::string& key : *keys) {
        const auto record = read_link(storage_, key);
        if (!record || !*record || revoked_key((*record)->id) != key) continue;
        const bool is_clean = remove_files(**record).has_value();
        if ((*record)->expires >= now) {
            all.push_back({(*record)->id, (*record)->expires});
        } else if (is_clean) {
            (void)storage_.remove(key);
        }
    }
    return all;
}

}  // namespace thumbgate
