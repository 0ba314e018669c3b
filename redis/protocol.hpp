// Redis' protocol (RESP2): hiredis' formatter and parser behind RAII types. It does no I/O here: bytes go in and out.
// A text and a list of what a server sends are bounded, since it may be no Redis at all; for how long it may send is
// the caller's to bound. One thread at a time.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;
struct redisReply;

namespace thumbgate {

inline constexpr std::size_t kMaxRedisReply = 16 << 20;    // bytes; more before a reply is whole breaks the protocol
inline constexpr std::size_t kMaxRedisElements = 1 << 20;  // of one list

struct RedisReply {
    enum class Type { nil, text, integer, list };  // a status is a text
    Type type = Type::nil;
    std::string text;
    std::int64_t integer = 0;
    std::vector<RedisReply> list;
};

// Of hiredis' own.
RedisReply redis_reply_of(const redisReply& reply);

using RedisCommand = std::vector<std::string>;

std::string format_redis_command(const RedisCommand& arguments);

class RedisParser {
  public:
    RedisParser();

    // A reply, or the text of an error that Redis answered with.
    using Answer = std::expected<RedisReply, std::string>;

    // False when the bytes are not Redis' protocol; the parser is of no use then.
    bool feed(std::string_view bytes);

    // The next whole reply. nullopt: more bytes are needed, or the protocol is broken (see `broken`).
    std::optional<Answer> next();
    bool broken() const { return broken_; }

  private:
    struct Free {
        void operator()(redisReader* reader) const;
    };
    std::unique_ptr<redisReader, Free> reader_;
    bool broken_ = false;
};

}  // namespace thumbgate
