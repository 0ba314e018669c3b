#include "backend/photos/retention.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>
#include <vector>

#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::size_t kOwners = 256;  // looked for at a time
constexpr std::size_t kPhotos = 64;   // the same, of one owner

}  // namespace

asio::awaitable<Result<std::size_t>> Retention::sweep(std::uint64_t now_ms, std::size_t most) {
    const auto keep_ms = static_cast<std::uint64_t>(keep_.count());
    if (keep_ms == 0 || keep_ms >= now_ms) co_return std::size_t{0};
    std::size_t removed = 0;
    std::string last;
    for (;;) {
        auto look = [&photos = photos_, last] { return photos.owners(last, kOwners); };
        const auto owners = co_await offload(threads_, std::move(look));
        if (!owners) co_return std::unexpected(owners.error());
        for (const std::string& owner : *owners) {
            const auto of_owner = co_await sweep_owner(owner, now_ms - keep_ms, most - removed);
            if (!of_owner) co_return std::unexpected(of_owner.error());
            removed += *of_owner;
            if (removed == most) co_return removed;
        }
        if (owners->size() < kOwners) co_return removed;
        last = owners->back();
    }
}

asio::awaitable<Result<std::size_t>> Retention::sweep_owner(std::string owner, std::uint64_t before_ms,
                                                            std::size_t most) {
    std::size_t removed = 0;
    while (removed < most) {
        const std::size_t wanted = std::min(kPhotos, most - removed);
        auto look = [&photos = photos_, owner, before_ms, wanted] {
            return photos.list_older(owner, before_ms, wanted);
        };
        auto older = co_await offload(threads_, std::move(look));
        if (!older) co_return std::unexpected(std::move(older.error()));
        for (PhotoRecord& record : *older) {
            const auto done = co_await remove(std::move(record));
            if (!done) co_return std::unexpected(done.error());
            ++removed;
        }
        if (older->size() < wanted) break;
    }
    co_return removed;
}

asio::awaitable<Result<void>> Retention::remove(PhotoRecord record) {
    const std::string id = record.id;
    auto work = [&photos = photos_, record = std::move(record)] { return photos.remove(record, unix_seconds()); };
    const auto executor = co_await asio::this_coro::executor;
    auto late = [&purges = purges_, executor, id](const Result<bool>& done) {
        if (done) asio::post(executor, [&purges, id] { purges.add({id}); });
    };
    const CallTerms terms{.access = Access::write};
    const auto removed = co_await offload(threads_, std::move(work), terms, std::move(late));
    if (!removed) co_return std::unexpected(removed.error());
    on_removed_(id, *removed);
    co_await purges_.announce(id);
    co_return Result<void>();
}

}  // namespace thumbgate
