#include "backend/photos/quota.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "backend/client_address.hpp"
#include "backend/units.hpp"
#include "contract/encoding.hpp"
#include "redis/protocol.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr std::uint64_t kDay = 24ULL * 3600;
constexpr const char* kTwoDays = "172800";  // seconds

struct Limits {
    Usage most;  // 0: no limit
    const char* code;
    const char* whose;
    const char* remedy;
};

std::optional<Error> refusal(const Usage& used, std::uint64_t bytes, const Limits& limits) {
    std::string limit;
    if (limits.most.photos != 0 && used.photos + 1 > limits.most.photos) {
        limit = std::to_string(limits.most.photos) + " photos";
    } else if (limits.most.bytes != 0 && used.bytes + bytes > limits.most.bytes) {
        limit = describe_size(limits.most.bytes);
    } else {
        return std::nullopt;
    }
    return Error{403, limits.code, "With this photo it would be more than the " + limit + limits.whose + limits.remedy};
}

Limits owner_limits(const QuotaConfig& config) {
    return {{config.owner_photos, config.owner_bytes}, "quota", " that you may keep here; ", "delete some first."};
}

Limits address_limits(const QuotaConfig& config) {
    return {{config.address_photos, config.address_bytes},
            "address_quota",
            " that may be uploaded in a day from your address; ",
            "come again tomorrow."};
}

RedisCommand count_command(const std::string& counter, const char* field, const std::string& number) {
    return {"HINCRBY", counter, field, number};
}
RedisCommand read_command(const std::string& counter) {
    return {"HMGET", counter, "photos", "bytes"};
}
RedisCommand expire_command(const std::string& counter) {
    return {"EXPIRE", counter, kTwoDays};
}

std::uint64_t number_in(const RedisReply& reply, std::size_t index) {
    if (index >= reply.list.size()) return 0;
    return parse_decimal(reply.list[index].text, INT64_MAX).value_or(0);
}

json::object member(std::uint64_t used, std::uint64_t limit) {
    json::object object{{"used", used}, {"limit", nullptr}};
    if (limit != 0) object["limit"] = limit;
    return object;
}

}  // namespace

asio::awaitable<Result<Usage>> Quotas::usage_of(Request& request, std::string owner) {
    const StageTimer timer(request.times.storage);
    auto work = [&usage = usage_, owner = std::move(owner)] { return usage.of(owner); };
    const CallTerms terms{.deadline = request.deadline};
    co_return co_await offload(threads_, std::move(work), terms);
}

// Empty: this upload is not counted by address.
std::string Quotas::counter_of(const Request& request, const Caller& caller) const {
    // A server goes on without Redis; what its owner may keep is in force all the same.
    if (caller.is_server() && !redis_.is_up()) return {};
    const auto network = client_network(request.identity.client);
    if ((config_.address_bytes == 0 && config_.address_photos == 0) || !network) return {};
    return "address_uploads:" + std::to_string(unix_seconds() / kDay) + ":" + *network;
}

// Nothing is waited for between the look at what is held and the caller's next step, which may hold a place itself.
asio::awaitable<Result<void>> Quotas::check_owner(Request& request, const Caller& caller, std::uint64_t bytes) {
    Usage used;
    if ((config_.owner_bytes != 0 || config_.owner_photos != 0) && !caller.is_first()) {
        const auto stored = co_await usage_of(request, caller.owner);
        if (!stored) co_return std::unexpected(stored.error());
        used = *stored;
    }
    const auto held = held_->find(caller.owner);
    if (held != held_->end()) {
        used.photos += held->second.photos;
        used.bytes += held->second.bytes;
    }
    if (auto error = refusal(used, bytes, owner_limits(config_))) co_return std::unexpected(std::move(*error));
    co_return Result<void>();
}

asio::awaitable<Result<void>> Quotas::check(Request& request, const Caller& caller, std::uint64_t bytes) {
    const auto checked = co_await check_owner(request, caller, bytes);
    if (!checked) co_return checked;
    const std::string counter = counter_of(request, caller);
    if (counter.empty()) co_return Result<void>();
    const StageTimer timer(request.times.redis);
    const auto counts = co_await redis_.command(read_command(counter));
    if (!counts) co_return std::unexpected(counts.error());
    const Usage used{number_in(*counts, 0), number_in(*counts, 1)};
    if (auto error = refusal(used, bytes, address_limits(config_))) co_return std::unexpected(std::move(*error));
    co_return Result<void>();
}

asio::awaitable<Result<Quotas::Place>> Quotas::take(Request& request, const Caller& caller, std::uint64_t bytes) {
    Place place;
    std::string counter = counter_of(request, caller);
    std::optional<Error> error;
    if (!counter.empty()) {
        const auto charged = co_await charge(counter, bytes);
        if (!charged) co_return std::unexpected(charged.error());
        place.counter_ = std::move(counter);
        place.bytes_ = bytes;
        error = refusal({charged->photos - 1, charged->bytes - bytes}, bytes, address_limits(config_));
    }
    if (!error) {
        auto checked = co_await check_owner(request, caller, bytes);
        if (!checked) error = std::move(checked.error());
    }
    if (error) {
        co_await give_back(std::move(place));
        co_return std::unexpected(std::move(*error));
    }
    place.held_ = hold(caller.owner, bytes);
    co_return place;
}

std::shared_ptr<void> Quotas::hold(const std::string& owner, std::uint64_t bytes) {
    Usage& held = (*held_)[owner];
    held.photos += 1;
    held.bytes += bytes;
    const auto release = [all = held_, owner, bytes](void* /*nothing*/) {
        const auto own = all->find(owner);
        own->second.photos -= 1;
        own->second.bytes -= bytes;
        if (own->second.photos == 0) all->erase(own);
    };
    return {nullptr, release};
}

asio::awaitable<Result<Usage>> Quotas::charge(const std::string& counter, std::uint64_t bytes) {
    const auto photos = co_await redis_.command(count_command(counter, "photos", "1"));
    if (!photos) co_return std::unexpected(photos.error());
    const auto sum = co_await redis_.command(count_command(counter, "bytes", std::to_string(bytes)));
    if (!sum) co_return std::unexpected(sum.error());
    const auto kept = co_await redis_.command(expire_command(counter));
    if (!kept) co_return std::unexpected(kept.error());
    co_return Usage{static_cast<std::uint64_t>(photos->integer), static_cast<std::uint64_t>(sum->integer)};
}

// Where Redis fails here, the address has one photo less for the rest of the day.
asio::awaitable<void> Quotas::give_back(Place place) {
    if (place.counter_.empty()) co_return;
    (void)co_await redis_.command(count_command(place.counter_, "photos", "-1"));
    (void)co_await redis_.command(count_command(place.counter_, "bytes", "-" + std::to_string(place.bytes_)));
}

asio::awaitable<Result<json::object>> Quotas::describe(Request& request, std::string owner) {
    const auto used = co_await usage_of(request, std::move(owner));
    if (!used) co_return std::unexpected(used.error());
    json::object quota;
    quota["photos"] = member(used->photos, config_.owner_photos);
    quota["bytes"] = member(used->bytes, config_.owner_bytes);
    co_return quota;
}

}  // namespace thumbgate
