#include "redis/protocol.hpp"

#include <hiredis/hiredis.h>

#include <new>

namespace thumbgate {
namespace {

struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using ReplyPtr = std::unique_ptr<redisReply, FreeReply>;

std::string text_of(const redisReply& reply) {
    return {reply.str, static_cast<std::size_t>(reply.len)};
}

decltype(redisReplyObjectFunctions::createArray) create_array;

// hiredis' own functions, but that a list which says to be huge is an error and not an allocation.
redisReplyObjectFunctions bounded(const redisReplyObjectFunctions& functions) {
    create_array = functions.createArray;
    redisReplyObjectFunctions copy = functions;
    // An int up to hiredis 0.14, a size_t from 1.0 on.
    copy.createArray = [](const redisReadTask* task, auto elements) -> void* {
        const bool too_many = elements > 0 && static_cast<std::size_t>(elements) > kMaxRedisElements;
        return too_many ? nullptr : create_array(task, elements);
    };
    return copy;
}

}  // namespace

// hiredis bounds the depth of its replies (to 7 levels in 0.14), so the recursion is bounded.
RedisReply redis_reply_of(const redisReply& reply) {
    RedisReply converted;
    switch (reply.type) {
        case REDIS_REPLY_STRING:
        case REDIS_REPLY_STATUS:
        case REDIS_REPLY_ERROR:  // inside a list
            converted.type = RedisReply::Type::text;
            converted.text = text_of(reply);
            break;
        case REDIS_REPLY_INTEGER:
            converted.type = RedisReply::Type::integer;
            converted.integer = reply.integer;
            break;
        case REDIS_REPLY_ARRAY:
            converted.type = RedisReply::Type::list;
            for (std::size_t i = 0; i < static_cast<std::size_t>(reply.elements); ++i) {
                converted.list.push_back(redis_reply_of(*reply.element[i]));
            }
            break;
        default:
            break;
    }
    return converted;
}

std::string format_redis_command(const RedisCommand& arguments) {
    std::vector<const char*> pointers;
    std::vector<std::size_t> lengths;
    for (const std::string& argument : arguments) {
        pointers.push_back(argument.data());
        lengths.push_back(argument.size());
    }
    char* command = nullptr;
    const auto length = static_cast<int>(
        redisFormatCommandArgv(&command, static_cast<int>(pointers.size()), pointers.data(), lengths.data()));
    if (length < 0) throw std::bad_alloc();
    const std::unique_ptr<char, decltype(&redisFreeCommand)> owner(command, redisFreeCommand);
    return {command, static_cast<std::size_t>(length)};
}

void RedisParser::Free::operator()(redisReader* reader) const {
    redisReaderFree(reader);
}

RedisParser::RedisParser() : reader_(redisReaderCreate()) {
    if (!reader_) throw std::bad_alloc();
    static redisReplyObjectFunctions functions = bounded(*reader_->fn);
    reader_->fn = &functions;
}

bool RedisParser::feed(std::string_view bytes) {
    if (!broken_) broken_ = redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK;
    if (reader_->len - reader_->pos > kMaxRedisReply) broken_ = true;
    return !broken_;
}

std::optional<RedisParser::Answer> RedisParser::next() {
    if (broken_) return std::nullopt;
    void* raw = nullptr;
    if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
        broken_ = true;
        return std::nullopt;
    }
    const ReplyPtr reply(static_cast<redisReply*>(raw));
    if (!reply) return std::nullopt;
    if (reply->type == REDIS_REPLY_ERROR) return std::unexpected(text_of(*reply));
    return redis_reply_of(*reply);
}

}  // namespace thumbgate
