#include "backend/sessions/owners.hpp"

#include <array>
#include <boost/json.hpp>
#include <utility>

#include "backend/units.hpp"
#include "contract/encoding.hpp"
#include "contract/hmac.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr std::uint64_t kMaxRecord = 4 * 1024;  // bytes
constexpr std::size_t kIdLength = 26;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMaxSecret = 100;  // characters

std::string key_of(const std::string& owner) {
    return "owner_records/" + owner;
}

// On a storage thread.
Result<OwnerRecord> read_owner(Storage& storage, const std::string& owner) {
    const auto text = read_object(storage, key_of(owner), kMaxRecord);
    if (!text) return std::unexpected(text.error());
    if (!*text) return OwnerRecord{.id = owner};
    auto record = decode_owner(**text);
    if (record && record->id == owner) return std::move(*record);
    return fail(500, "damaged_record", "A record in the storage is damaged.", key_of(owner));
}

}  // namespace

std::string encode(const OwnerRecord& record) {
    return json::serialize(json::object{{"id", record.id}, {"created", record.created}, {"recovery", record.recovery}});
}

std::optional<OwnerRecord> decode_owner(std::string_view text) {
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    const json::object* object = error ? nullptr : value.if_object();
    if (object == nullptr) return std::nullopt;
    const json::value* id = object->if_contains("id");
    const json::value* created = object->if_contains("created");
    if (id == nullptr || !id->is_string() || created == nullptr) return std::nullopt;
    OwnerRecord record{json::value_to<std::string>(*id), created->to_number<std::uint64_t>(error)};
    if (error || !is_id(record.id)) return std::nullopt;
    const json::value* recovery = object->if_contains("recovery");
    if (recovery != nullptr && recovery->is_string()) record.recovery = json::value_to<std::string>(*recovery);
    return record;
}

asio::awaitable<Result<void>> Owners::save(OwnerRecord record, Deadline deadline) {
    auto work = [&storage = storage_, record = std::move(record)] {
        return storage.put(key_of(record.id), encode(record));
    };
    const CallTerms terms{.access = Access::write, .deadline = deadline};
    co_return co_await offload(threads_, std::move(work), terms);
}

asio::awaitable<Result<OwnerRecord>> Owners::find(std::string owner, Deadline deadline) {
    auto work = [&storage = storage_, owner = std::move(owner)] { return read_owner(storage, owner); };
    const CallTerms terms{.deadline = deadline};
    co_return co_await offload(threads_, std::move(work), terms);
}

asio::awaitable<Result<std::string>> Owners::make_recovery(std::string owner, Deadline deadline) {
    auto record = co_await find(owner, deadline);
    if (!record) co_return std::unexpected(std::move(record.error()));
    std::array<std::uint8_t, kSecretBytes> random{};
    fill_random(random);
    std::string secret = std::move(owner) + base64url_encode(random);
    record->recovery = hex_encode(sha256(secret));
    const auto saved = co_await save(std::move(*record), deadline);
    if (!saved) co_return std::unexpected(saved.error());
    co_return secret;
}

asio::awaitable<Result<std::optional<std::string>>> Owners::recover(std::string secret, Deadline deadline) {
    const std::string hash = hex_encode(sha256(secret.substr(0, kMaxSecret)));
    std::string owner = secret.substr(0, kIdLength);
    // What cannot be an id is looked for as one that nobody has.
    const bool is_spelt = is_id(owner) && secret.size() <= kMaxSecret;
    if (!is_spelt) owner = new_id();
    const auto record = co_await find(owner, deadline);
    if (!record) co_return std::unexpected(record.error());
    std::string stored = record->recovery;
    if (stored.empty()) stored.assign(hash.size(), '-');
    if (!equal_in_constant_time(as_bytes(stored), as_bytes(hash)) || !is_spelt) co_return std::optional<std::string>();
    co_return std::optional(std::move(owner));
}

}  // namespace thumbgate
