#include "backend/sessions/api_keys.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <utility>

#include "backend/units.hpp"
#include "contract/encoding.hpp"
#include "contract/hmac.hpp"
#include "faults/fault_point.hpp"

namespace thumbgate {
namespace json = boost::json;
namespace {

constexpr std::string_view kPrefix = "tg_";
constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kKeyLength = 46;          // characters
constexpr std::size_t kHashLength = 64;         // hex digits
constexpr std::uint64_t kMaxRecord = 4 * 1024;  // bytes
constexpr std::uint64_t kMarkerAlone = 3600;    // seconds after which a marker's record does not come any more
constexpr std::size_t kTimeDigits = 10;         // of seconds, until the year 2286

std::string record_key(const std::string& hash) {
    return "api_keys/" + hash;
}
std::string owner_prefix(const std::string& owner) {
    return "owner_api_keys/" + owner + "/";
}
std::string marker_key(const std::string& hash, const ApiKeyRecord& record) {
    return owner_prefix(record.owner) + fmt::format("{:010}-{}", record.created, hash);
}

struct Marker {
    std::uint64_t created = 0;
    std::string hash;
};

Marker parse_marker(const std::string& key) {
    const std::string name = key.substr(key.rfind('/') + 1);
    if (name.size() <= kTimeDigits) return {};
    const auto created = parse_decimal(std::string_view(name).substr(0, kTimeDigits), UINT64_MAX);
    return {created.value_or(0), name.substr(kTimeDigits + 1)};
}

bool is_hash(std::string_view text) {
    return text.size() == kHashLength && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string encode(const ApiKeyRecord& record) {
    return json::serialize(
        json::object{{"id", record.id}, {"owner", record.owner}, {"name", record.name}, {"created", record.created}});
}

std::optional<ApiKeyRecord> decode(std::string_view text) try {
    const json::value value = json::parse(text);
    ApiKeyRecord record;
    record.id = json::value_to<std::string>(value.at("id"));
    record.owner = json::value_to<std::string>(value.at("owner"));
    record.name = json::value_to<std::string>(value.at("name"));
    record.created = value.at("created").to_number<std::uint64_t>();
    if (!is_id(record.id) || !is_id(record.owner)) return std::nullopt;
    return record;
} catch (const std::exception&) {
    return std::nullopt;
}

}  // namespace

std::string new_api_key() {
    std::array<std::uint8_t, kRandomBytes> random{};
    fill_random(random);
    return std::string(kPrefix) + base64url_encode(random);
}

std::optional<std::string> api_key_hash(std::string_view key) {
    if (key.size() != kKeyLength || !key.starts_with(kPrefix)) return std::nullopt;
    if (!base64url_decode_strict(key.substr(kPrefix.size()))) return std::nullopt;
    return hex_encode(sha256(key));
}

// Each counts the markers after its own is there, and before its record is: of several at once none goes unseen.
Result<void> ApiKeys::add(const std::string& hash, const ApiKeyRecord& record, const std::stop_token& given_up) {
    auto added = storage_.put(marker_key(hash, record), std::string_view());
    THUMB_FAULT_POINT("api-key-unrecorded");
    if (added) added = check_limit(record);
    if (added && given_up.stop_requested()) {
        added = fail_unavailable("storage_timeout", "The storage took too long; try again later.");
    }
    if (added) added = storage_.put(record_key(hash), encode(record));
    if (!added) (void)remove(hash, record);
    return added;
}

Result<void> ApiKeys::check_limit(const ApiKeyRecord& record) {
    auto marked = storage_.list(owner_prefix(record.owner));
    if (marked && marked->size() > max_keys_) {
        // Those that a crash left behind go.
        if (const auto cleaned = list_stored(record.owner, record.created); !cleaned) {
            return std::unexpected(cleaned.error());
        }
        marked = storage_.list(owner_prefix(record.owner));
    }
    if (!marked) return std::unexpected(std::move(marked.error()));
    if (marked->size() <= max_keys_) return {};
    return fail(409, "too_many_keys",
                "You have " + std::to_string(max_keys_) + " keys already; revoke one that is not needed.");
}

Result<std::optional<ApiKeyRecord>> ApiKeys::find(const std::string& hash) {
    if (!is_hash(hash)) return std::optional<ApiKeyRecord>();
    const auto text = read_object(storage_, record_key(hash), kMaxRecord);
    if (!text) return std::unexpected(text.error());
    if (!*text) return std::optional<ApiKeyRecord>();
    auto record = decode(**text);
    if (!record) return fail(500, "damaged_record", "A record in the storage is damaged.", record_key(hash));
    return record;
}

Result<std::vector<ApiKeyRecord>> ApiKeys::list(const std::string& owner, std::uint64_t now) {
    auto stored = list_stored(owner, now);
    if (!stored) return std::unexpected(std::move(stored.error()));
    std::vector<ApiKeyRecord> records;
    records.reserve(stored->size());
    for (StoredKey& key : *stored) records.push_back(std::move(key.record));
    return records;
}

Result<std::vector<ApiKeys::StoredKey>> ApiKeys::list_stored(const std::string& owner, std::uint64_t now) {
    const auto keys = storage_.list(owner_prefix(owner));
    if (!keys) return std::unexpected(keys.error());
    std::vector<StoredKey> stored;
    for (const std::string& key : *keys) {
        Marker marker = parse_marker(key);
        auto record = find(marker.hash);
        if (!record && record.error().code == "damaged_record") continue;  // one must not hide the others
        if (!record) return std::unexpected(std::move(record.error()));
        const bool is_lost = !*record && marker.created + kMarkerAlone < now;
        if (is_lost) (void)storage_.remove(key);  // else the next listing does it
        if (*record && (*record)->owner == owner) stored.push_back({std::move(marker.hash), std::move(**record)});
    }
    return stored;
}

Result<bool> ApiKeys::revoke(const std::string& owner, const std::string& id, std::uint64_t now) {
    const auto stored = list_stored(owner, now);
    if (!stored) return std::unexpected(stored.error());
    for (const StoredKey& key : *stored) {
        if (key.record.id != id) continue;
        if (auto removed = storage_.remove(record_key(key.hash)); !removed) return std::unexpected(removed.error());
        THUMB_FAULT_POINT("api-key-revoked");
        (void)storage_.remove(marker_key(key.hash, key.record));  // else a later listing does it
        return true;
    }
    return false;
}

Result<void> ApiKeys::remove(const std::string& hash, const ApiKeyRecord& record) {
    if (auto removed = storage_.remove(record_key(hash)); !removed) return removed;
    return storage_.remove(marker_key(hash, record));
}

}  // namespace thumbgate
