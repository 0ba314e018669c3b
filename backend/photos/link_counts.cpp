#include "backend/photos/link_counts.hpp"

#include <algorithm>
#include <utility>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::uint64_t kRemembered = 7ULL * 24 * 3600;  // seconds after the link's end

std::string key_of(const std::string& link) {
    return "opened:" + link;
}

}  // namespace

asio::awaitable<void> LinkCounts::add(std::string link, std::uint64_t expires) {
    if (!redis_.is_up()) co_return;
    std::vector<std::string> increment;
    increment.emplace_back("INCR");
    increment.push_back(key_of(link));
    const auto count = co_await redis_.command(std::move(increment));
    if (!count || count->integer != 1) co_return;
    std::vector<std::string> expire;
    expire.emplace_back("EXPIREAT");
    expire.push_back(key_of(link));
    expire.push_back(std::to_string(expires + kRemembered));
    co_await redis_.command(std::move(expire));
}

asio::awaitable<std::vector<std::uint64_t>> LinkCounts::find(std::vector<std::string> links) {
    std::vector<std::uint64_t> counts(links.size(), 0);
    if (links.empty()) co_return counts;
    std::vector<std::string> command;
    command.emplace_back("MGET");
    for (const std::string& link : links) command.push_back(key_of(link));
    const auto reply = co_await redis_.command(std::move(command));
    if (!reply) co_return counts;
    for (std::size_t i = 0; i < std::min(counts.size(), reply->list.size()); ++i) {
        counts[i] = parse_decimal(reply->list[i].text, UINT64_MAX).value_or(0);
    }
    co_return counts;
}

}  // namespace thumbgate
