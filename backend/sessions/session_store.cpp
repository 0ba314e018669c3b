#include "backend/sessions/session_store.hpp"

#include <boost/json.hpp>
#include <utility>
#include <vector>

#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

std::string key_of(const std::string& hash) {
    return "session:" + hash;
}

std::string encode(const SessionRecord& record) {
    return json::serialize(
        json::object{{"owner", record.owner}, {"created", record.created}, {"expires", record.expires}});
}

std::optional<std::uint64_t> number(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    boost::system::error_code error;
    const auto number = value != nullptr ? value->to_number<std::uint64_t>(error) : 0;
    if (value == nullptr || error) return std::nullopt;
    return number;
}

std::optional<SessionRecord> decode(const std::string& text) {
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    const json::object* object = error ? nullptr : value.if_object();
    if (object == nullptr) return std::nullopt;
    const json::value* owner = object->if_contains("owner");
    const auto created = number(*object, "created");
    const auto expires = number(*object, "expires");
    if (owner == nullptr || !owner->is_string() || !created || !expires) return std::nullopt;
    SessionRecord record{json::value_to<std::string>(*owner), *created, *expires};
    if (!is_id(record.owner)) return std::nullopt;
    return record;
}

}  // namespace

asio::awaitable<Result<std::optional<SessionRecord>>> SessionStore::find(std::string hash) {
    std::vector<std::string> command;
    command.emplace_back("GET");
    command.push_back(key_of(hash));
    const auto reply = co_await redis_.command(std::move(command));
    if (!reply) co_return std::unexpected(reply.error());
    if (reply->type == RedisReply::Type::nil) co_return std::optional<SessionRecord>();
    auto record = decode(reply->text);
    if (!record) co_return fail(500, "damaged_record", "A session's record is damaged.", key_of(hash));
    co_return record;
}

asio::awaitable<Result<void>> SessionStore::save(std::string hash, SessionRecord record, std::uint64_t now) {
    co_return co_await set(std::move(hash), std::move(record), now, false);
}

asio::awaitable<Result<void>> SessionStore::prolong(std::string hash, SessionRecord record, std::uint64_t now) {
    co_return co_await set(std::move(hash), std::move(record), now, true);
}

asio::awaitable<Result<void>> SessionStore::set(std::string hash, SessionRecord record, std::uint64_t now,
                                                bool existing) {
    const std::uint64_t lifetime = record.expires > now ? record.expires - now : 1;
    std::vector<std::string> command;
    command.emplace_back("SET");
    command.push_back(key_of(hash));
    command.push_back(encode(record));
    command.emplace_back("EX");
    command.push_back(std::to_string(lifetime));
    if (existing) command.emplace_back("XX");
    const auto reply = co_await redis_.command(std::move(command));
    if (!reply) co_return std::unexpected(reply.error());
    co_return Result<void>();
}

asio::awaitable<Result<void>> SessionStore::remove(std::string hash) {
    std::vector<std::string> command;
    command.emplace_back("DEL");
    command.push_back(key_of(hash));
    const auto reply = co_await redis_.command(std::move(command));
    if (!reply) co_return std::unexpected(reply.error());
    co_return Result<void>();
}

}  // namespace thumbgate
