#include "redis/blocking_client.hpp"

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <charconv>
#include <utility>

namespace thumbgate {
namespace {

constexpr std::string_view kUnix = "unix:";

timeval timeval_of(std::chrono::milliseconds time) {
    timeval value{};
    value.tv_sec = time.count() / 1000;
    value.tv_usec = time.count() % 1000 * 1000;
    return value;
}

// -1: it is none.
int port_of(std::string_view text) {
    int port = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536 ? port : -1;
}

redisContext* open(const std::string& address, timeval timeout) {
    if (address.starts_with(kUnix)) return redisConnectUnixWithTimeout(address.c_str() + kUnix.size(), timeout);
    const std::size_t colon = address.rfind(':');
    std::string host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return redisConnectWithTimeout(host.c_str(), port_of(address.substr(colon + 1)), timeout);
}

bool is_address(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (address.starts_with(kUnix)) return address.size() > kUnix.size();
    return colon != std::string::npos && colon > 0 && port_of(std::string_view(address).substr(colon + 1)) > 0;
}

}  // namespace

void BlockingRedis::Free::operator()(redisContext* context) const {
    redisFree(context);
}

std::expected<BlockingRedis, std::string> BlockingRedis::connect(const std::string& address,
                                                                 std::chrono::milliseconds timeout) {
    if (!is_address(address)) return std::unexpected("\"" + address + "\" is neither unix:PATH nor HOST:PORT");
    const timeval limit = timeval_of(timeout);
    Context context(open(address, limit));
    if (!context) return std::unexpected(std::string("there is no memory for a connection to Redis"));
    if (context->err == 0 && redisSetTimeout(context.get(), limit) == REDIS_OK) {
        return BlockingRedis(address, std::move(context));
    }
    return std::unexpected("Redis at " + address + ": " + context->errstr);
}

std::expected<RedisReply, std::string> BlockingRedis::command(const RedisCommand& arguments) {
    const std::string text = format_redis_command(arguments);
    if (redisAppendFormattedCommand(context_.get(), text.data(), text.size()) != REDIS_OK) {
        return std::unexpected("Redis at " + address_ + ": " + context_->errstr);
    }
    void* raw = nullptr;
    if (redisGetReply(context_.get(), &raw) != REDIS_OK) {
        return std::unexpected("Redis at " + address_ + ": " + context_->errstr);
    }
    const std::unique_ptr<redisReply, decltype(&freeReplyObject)> owner(static_cast<redisReply*>(raw), freeReplyObject);
    if (owner->type == REDIS_REPLY_ERROR) {
        return std::unexpected("Redis at " + address_ + ": " + std::string(owner->str, owner->len));
    }
    return redis_reply_of(*owner);
}

}  // namespace thumbgate
