// Decides whether a request may go on. Fails open: when a key cannot be computed the request is served, since a limit
// protects capacity and never guards a secret.
#include "nginx-module/rate_limit/rate_limit.hpp"

#include <algorithm>
#include <string>

#include "nginx-module/request_state.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::size_t kIpv6Prefix = 8;  // bytes: a /64 is one customer

std::uint64_t seconds_up(std::uint64_t ns) {
    return (ns + kNsPerSecond - 1) / kNsPerSecond;
}

std::string_view address_key(const ngx_connection_t& connection) {
    const auto* address = connection.sockaddr;
    if (address->sa_family == AF_INET6) {
        const auto& bytes = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
        const std::size_t size = IN6_IS_ADDR_V4MAPPED(&bytes) ? sizeof(bytes) : kIpv6Prefix;
        return {reinterpret_cast<const char*>(&bytes), size};
    }
    if (address->sa_family == AF_INET) {
        const auto& bytes = reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
        return {reinterpret_cast<const char*>(&bytes), sizeof(bytes)};
    }
    return view(connection.addr_text);
}

// Empty: not limited.
std::string_view key_of(ngx_http_request_t* r, LimitZone& zone) {
    if (zone.key_is_address) return address_key(*r->connection);
    ngx_str_t key;
    if (ngx_http_complex_value(r, &zone.key, &key) != NGX_OK) return {};
    return view(key);
}

std::uint64_t fingerprint(const LimitZone& zone, std::string_view key) {
    const Sha256 digest = zone.fingerprint_key->mac({key});
    std::uint64_t value = 0;
    std::copy_n(digest.begin(), sizeof(value), reinterpret_cast<std::uint8_t*>(&value));
    return value;
}

Decision charge(const Limit& limit, std::string_view key) {
    LimitZoneHeader& header = *limit.zone->header;
    GcraTable table({reinterpret_cast<GcraSlot*>(&header + 1), header.slots});
    const Decision decision = table.charge(fingerprint(*limit.zone, key), ngx_current_msec * kNsPerMs, limit.rate);
    auto& counter = decision.allowed ? header.allowed : limit.dry_run ? header.dry_run : header.limited;
    counter.fetch_add(1, std::memory_order_relaxed);
    return decision;
}

bool is_tighter(const Decision& a, const Decision& b) {
    return a.allowed != b.allowed ? !a.allowed : a.remaining < b.remaining;
}

ngx_int_t charge_all(ngx_http_request_t* r, std::span<const Limit> limits, RequestState& state) {
    for (const Limit& limit : limits) {
        const std::string_view key = key_of(r, *limit.zone);
        if (key.empty()) continue;
        const Decision decision = charge(limit, key);
        if (limit.dry_run) continue;
        if (!state.limit || is_tighter(decision, state.limit->decision)) {
            state.limit = LimitOutcome{decision, limit.rate, view(limit.zone->shm->shm.name)};
        }
        if (!decision.allowed) {
            state.verdict = Verdict::limited;
            state.problem_detail = "too many requests from this client; try again in " +
                                   std::to_string(seconds_up(decision.retry_after_ns)) + " s";
            return NGX_HTTP_TOO_MANY_REQUESTS;
        }
    }
    return NGX_DECLINED;
}

}  // namespace

ngx_int_t rate_limit_preaccess(ngx_http_request_t* r) noexcept try {
    const RateLimitConf& conf = location_conf(r)->rate_limit;
    if (conf.limits == nullptr || r != r->main) return NGX_DECLINED;
    RequestState* state = request_state(r);
    if (state == nullptr || state->limit_charged) return NGX_DECLINED;
    state->limit_charged = true;
    return charge_all(r, {static_cast<const Limit*>(conf.limits->elts), conf.limits->nelts}, *state);
} catch (...) {
    return NGX_DECLINED;
}

void add_rate_limit_headers(ngx_http_request_t* r) {
    const RequestState* state = existing_request_state(r);
    if (state == nullptr || !state->limit) return;
    const LimitOutcome& outcome = *state->limit;
    if (outcome.decision.allowed && location_conf(r)->link.is_thumbnail_location()) return;
    const std::string zone = "\"" + std::string(outcome.zone) + "\"";
    add_response_header(
        r, "RateLimit-Policy",
        zone + ";q=" + std::to_string(outcome.rate.quota()) + ";w=" + std::to_string(outcome.rate.window_seconds()));
    add_response_header(r, "RateLimit",
                        zone + ";r=" + std::to_string(outcome.decision.remaining) +
                            ";t=" + std::to_string(seconds_up(outcome.decision.reset_ns)));
    if (!outcome.decision.allowed) {
        add_response_header(r, "Retry-After", std::to_string(seconds_up(outcome.decision.retry_after_ns)));
    }
}

}  // namespace thumbgate::edge
