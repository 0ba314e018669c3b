#include "backend/sessions/key_uses.hpp"

#include <algorithm>
#include <utility>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::uint64_t kInterval = 60;          // seconds between two writes of a key's use
constexpr std::size_t kMaxWritten = 10'000;      // about 1 MB; beyond, all is forgotten, and written again
constexpr const char* kRemembered = "31536000";  // seconds; after its last use

std::string key_of(const std::string& id) {
    return "api_key_used:" + id;
}

RedisCommand set_command(const std::string& id, std::uint64_t now) {
    return {"SET", key_of(id), std::to_string(now), "EX", kRemembered};
}
RedisCommand delete_command(const std::string& id) {
    return {"DEL", key_of(id)};
}

}  // namespace

bool KeyUses::is_due(const std::string& id, std::uint64_t now) const {
    const auto known = written_.find(id);
    return redis_.is_up() && (known == written_.end() || now >= known->second + kInterval);
}

asio::awaitable<void> KeyUses::write(std::string id, std::uint64_t now) {
    if (written_.size() >= kMaxWritten) written_.clear();
    // Whatever comes of it: where Redis hangs, a key's requests do not wait for it one after the other.
    written_[id] = now;
    co_await redis_.command(set_command(id, now));
}

asio::awaitable<Result<std::vector<std::uint64_t>>> KeyUses::find(std::vector<std::string> ids) {
    std::vector<std::uint64_t> uses(ids.size(), 0);
    if (ids.empty()) co_return uses;
    RedisCommand command{"MGET"};
    for (const std::string& id : ids) command.push_back(key_of(id));
    const auto reply = co_await redis_.command(std::move(command));
    if (!reply) co_return std::unexpected(reply.error());
    for (std::size_t i = 0; i < std::min(uses.size(), reply->list.size()); ++i) {
        uses[i] = parse_decimal(reply->list[i].text, UINT64_MAX).value_or(0);
    }
    co_return uses;
}

asio::awaitable<void> KeyUses::forget(std::string id) {
    written_.erase(id);
    if (redis_.is_up()) co_await redis_.command(delete_command(id));
}

}  // namespace thumbgate
