#include "backend/sessions/session_store.hpp"

#include <algorithm>
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

std::string index_of(const std::string& owner) {
    return "owner_sessions:" + owner;
}

std::string encode(const SessionRecord& record) {
    return json::serialize(json::object{{"owner", record.owner},
                                        {"created", record.created},
                                        {"expires", record.expires},
                                        {"last_used", record.last_used},
                                        {"device", record.device}});
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
    // Sessions of an earlier version have neither.
    record.last_used = number(*object, "last_used").value_or(0);
    const json::value* device = object->if_contains("device");
    if (device != nullptr && device->is_string()) record.device = json::value_to<std::string>(*device);
    return record;
}

// The set first: a session that is there can be found, and so ended.
std::vector<RedisCommand> set_commands(const std::string& hash, const SessionRecord& record, std::uint64_t now,
                                       bool existing) {
    const std::string lifetime = std::to_string(record.expires > now ? record.expires - now : 1);
    const std::string index = index_of(record.owner);
    std::vector<RedisCommand> commands{
        {"ZADD", index, std::to_string(record.expires), hash},
        // As long as the session that lives longest: GT alone does nothing to a key that has no end yet.
        {"EXPIRE", index, lifetime, "NX"},
        {"EXPIRE", index, lifetime, "GT"},
        {"SET", key_of(hash), encode(record), "EX", lifetime},
    };
    if (existing) commands.back().emplace_back("XX");
    return commands;
}

std::vector<RedisCommand> remove_commands(const std::string& hash, const std::string& owner) {
    return {{"DEL", key_of(hash)}, {"ZREM", index_of(owner), hash}};
}

RedisCommand range_command(const std::string& owner, std::uint64_t now) {
    return {"ZRANGEBYSCORE", index_of(owner), std::to_string(now), "+inf"};
}

RedisCommand get_command(const std::vector<RedisReply>& hashes) {
    RedisCommand command{"MGET"};
    for (const RedisReply& hash : hashes) command.push_back(key_of(hash.text));
    return command;
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
    co_return co_await send(set_commands(hash, record, now, existing));
}

asio::awaitable<Result<void>> SessionStore::remove(std::string hash, std::string owner) {
    co_return co_await send(remove_commands(hash, owner));
}

asio::awaitable<Result<void>> SessionStore::send(std::vector<RedisCommand> commands) {
    for (RedisCommand& command : commands) {
        const auto reply = co_await redis_.command(std::move(command));
        if (!reply) co_return std::unexpected(reply.error());
    }
    co_return Result<void>();
}

asio::awaitable<Result<std::vector<NamedSession>>> SessionStore::list(std::string owner, std::uint64_t now) {
    const auto members = co_await redis_.command(range_command(owner, now));
    if (!members) co_return std::unexpected(members.error());
    std::vector<NamedSession> sessions;
    if (members->list.empty()) co_return sessions;
    const auto records = co_await redis_.command(get_command(members->list));
    if (!records) co_return std::unexpected(records.error());
    for (std::size_t i = 0; i < std::min(members->list.size(), records->list.size()); ++i) {
        auto record = decode(records->list[i].text);
        if (!record || record->owner != owner) continue;  // ended, or damaged
        sessions.push_back({members->list[i].text, std::move(*record)});
    }
    co_return sessions;
}

}  // namespace thumbgate
