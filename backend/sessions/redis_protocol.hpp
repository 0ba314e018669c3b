// hiredis' formatter and parser behind RAII types. It does no I/O here: bytes go in and out. One thread at a time.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/sessions/redis.hpp"

struct redisReader;

namespace thumbgate {

std::string format_redis_command(const std::vector<std::string>& arguments);

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
