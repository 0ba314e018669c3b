#include "backend/feed/control_feed.hpp"

#include <chrono>
#include <utility>

namespace thumbgate {
namespace asio = boost::asio;
namespace {

std::uint64_t unix_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace

asio::awaitable<Result<void>> ControlFeed::announce(FeedEvent event) {
    for (auto& command : thumbgate::announce(event, unix_ms())) {
        const auto reply = co_await redis_.command(std::move(command));
        if (!reply) co_return std::unexpected(reply.error());
    }
    co_return Result<void>();
}

asio::awaitable<Result<bool>> ControlFeed::remembers(FeedEvent revocation) {
    std::vector<std::string> command;
    command.emplace_back("ZSCORE");
    command.emplace_back(kRevokedKey);
    command.push_back(revoked_name(revocation));
    const auto score = co_await redis_.command(std::move(command));
    if (!score) co_return std::unexpected(score.error());
    co_return score->type != RedisReply::Type::nil;
}

asio::awaitable<Result<void>> ControlFeed::begin() {
    std::vector<std::string> command;
    command.emplace_back("XLEN");
    command.emplace_back(kFeedKey);
    const auto length = co_await redis_.command(std::move(command));
    if (!length) co_return std::unexpected(length.error());
    if (length->integer > 0) co_return Result<void>();
    FeedEvent first;
    co_return co_await announce(std::move(first));
}

}  // namespace thumbgate
