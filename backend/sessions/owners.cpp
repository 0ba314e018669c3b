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

constexpr std::uint64_t kMaxHash = 64;  // characters of a stored hash
constexpr std::size_t kIdLength = 26;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMaxSecret = 100;  // characters

std::string record_key(const std::string& owner) {
    return "owner_records/" + owner;
}
std::string recovery_key(const std::string& owner) {
    return "recoveries/" + owner;
}

}  // namespace

asio::awaitable<Result<void>> Owners::keep(std::string owner, std::uint64_t now, Deadline deadline) {
    auto work = [&storage = storage_, owner = std::move(owner), now]() -> Result<void> {
        const auto kept = storage.contains(record_key(owner));
        if (!kept) return std::unexpected(kept.error());
        if (*kept) return {};
        return storage.put(record_key(owner), json::serialize(json::object{{"id", owner}, {"created", now}}));
    };
    const CallTerms terms{.access = Access::write, .deadline = deadline};
    co_return co_await offload(threads_, std::move(work), terms);
}

asio::awaitable<Result<bool>> Owners::is_kept(std::string owner, Deadline deadline) {
    auto work = [&storage = storage_, key = record_key(owner)] { return storage.contains(key); };
    const CallTerms terms{.deadline = deadline};
    co_return co_await offload(threads_, std::move(work), terms);
}

asio::awaitable<Result<std::string>> Owners::make_recovery(std::string owner, Deadline deadline) {
    const auto kept = co_await is_kept(owner, deadline);
    if (!kept) co_return std::unexpected(kept.error());
    if (!*kept) co_return fail(409, "nothing_kept", "There is nothing to come back to yet; upload a photo first.");
    std::array<std::uint8_t, kSecretBytes> random{};
    fill_random(random);
    std::string secret = owner + base64url_encode(random);
    auto work = [&storage = storage_, key = recovery_key(owner), hash = hex_encode(sha256(secret))] {
        return storage.put(key, hash);
    };
    const CallTerms terms{.access = Access::write, .deadline = deadline};
    const auto saved = co_await offload(threads_, std::move(work), terms);
    if (!saved) co_return std::unexpected(saved.error());
    co_return secret;
}

asio::awaitable<Result<std::optional<std::string>>> Owners::recover(std::string secret, Deadline deadline) {
    const std::string hash = hex_encode(sha256(secret.substr(0, kMaxSecret)));
    std::string owner = secret.substr(0, kIdLength);
    // What cannot be an id is looked for as one that nobody has.
    const bool is_spelt = is_id(owner) && secret.size() <= kMaxSecret;
    if (!is_spelt) owner = new_id();
    auto work = [&storage = storage_, key = recovery_key(owner)] { return read_object(storage, key, kMaxHash); };
    const CallTerms terms{.deadline = deadline};
    const auto found = co_await offload(threads_, std::move(work), terms);
    if (!found) co_return std::unexpected(found.error());
    const std::string stored = found->value_or(std::string(hash.size(), '-'));
    if (!equal_in_constant_time(as_bytes(stored), as_bytes(hash)) || !is_spelt) co_return std::optional<std::string>();
    co_return std::optional(std::move(owner));
}

}  // namespace thumbgate
