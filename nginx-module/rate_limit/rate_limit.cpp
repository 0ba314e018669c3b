// Decides whether a request may go on. Fails open: when a key cannot be computed the request is served, since a limit
// protects capacity and never guards a secret; one that was denied stays denied.
#include "nginx-module/rate_limit/rate_limit.hpp"

#include <algorithm>
#include <ctime>
#include <string>

#include "faults/fault_point.hpp"
#include "nginx-module/request_state.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

// nginx reads its clock once a round of events, each worker for itself: one that is held up would charge requests to a
// time that others have left behind. The kernel's coarse clock is one for all, and is read without a system call.
std::uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<std::uint64_t>(now.tv_nsec);
}
constexpr std::size_t kIpv6Prefix = 8;  // bytes: a /64 is one customer

std::uint64_t seconds_up(std::uint64_t ns) {
    return (ns + kNsPerSecond - 1) / kNsPerSecond;
}

template <typename Bytes>
std::string_view as_text(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(&bytes), sizeof(bytes)};
}

// What $binary_remote_addr says.
std::string_view binary_address(const ngx_connection_t& connection) {
    const auto* address = connection.sockaddr;
    if (address->sa_family == AF_INET6) return as_text(reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
    if (address->sa_family == AF_INET) return as_text(reinterpret_cast<const sockaddr_in*>(address)->sin_addr);
    return view(connection.addr_text);
}

std::string_view address_key(const ngx_connection_t& connection, std::string_view binary) {
    if (connection.sockaddr->sa_family != AF_INET6) return binary;
    const auto& address = reinterpret_cast<const sockaddr_in6*>(connection.sockaddr)->sin6_addr;
    return IN6_IS_ADDR_V4MAPPED(&address) ? binary : binary.substr(0, kIpv6Prefix);
}

// Empty: not limited. Whatever expression yields the client's address (a map, say), IPv6 counts by /64.
std::string_view key_of(ngx_http_request_t* r, LimitZone& zone) {
    ngx_str_t key;
    if (ngx_http_complex_value(r, &zone.key, &key) != NGX_OK) return {};
    const ngx_connection_t& connection = *r->connection;
    const std::string_view binary = binary_address(connection);
    const bool is_address = view(key) == binary || view(key) == view(connection.addr_text);
    return is_address ? address_key(connection, binary) : view(key);
}

std::uint64_t fingerprint(const LimitZone& zone, std::string_view key) {
    const Sha256 digest = zone.fingerprint_key->mac({key});
    std::uint64_t value = 0;
    std::copy_n(digest.begin(), sizeof(value), reinterpret_cast<std::uint8_t*>(&value));
    return value;
}

Decision charge(const Limit& limit, std::string_view key) {
    THUMB_FAULT_POINT("limit-not-looked-at");
    LimitZoneHeader& header = *limit.zone->header;
    GcraTable table({reinterpret_cast<GcraSlot*>(&header + 1), header.slots});
    const Decision decision = table.charge(fingerprint(*limit.zone, key), now_ns(), limit.rate);
    auto& counter = decision.allowed ? header.allowed : limit.dry_run ? header.dry_run : header.limited;
    counter.fetch_add(1, std::memory_order_relaxed);
    return decision;
}

bool is_tighter(const Decision& a, const Decision& b) {
    return a.allowed != b.allowed ? !a.allowed : a.remaining < b.remaining;
}

std::span<const Limit> limits_of(ngx_http_request_t* r) {
    const ngx_array_t* limits = location_conf(r)->rate_limit.limits;
    if (limits == nullptr) return {};
    return {static_cast<const Limit*>(limits->elts), limits->nelts};
}

// Charges the location's limits of one kind: NGX_DECLINED where all of them allow the request.
ngx_int_t charge_all(ngx_http_request_t* r, LimitedRequests which, RequestState& state) {
    for (const Limit& limit : limits_of(r)) {
        if (limit.on != which) continue;
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
    if (limits_of(r).empty() || r != r->main) return NGX_DECLINED;
    RequestState* state = request_state(r);
    if (state == nullptr || state->limit_charged) return NGX_DECLINED;
    state->limit_charged = true;
    return charge_all(r, LimitedRequests::all, *state);
} catch (...) {
    return NGX_DECLINED;
}

ngx_int_t limit_denied(ngx_http_request_t* r, ngx_int_t access) noexcept try {
    if (access != NGX_HTTP_FORBIDDEN || r != r->main || limits_of(r).empty()) return access;
    RequestState* state = existing_request_state(r);
    if (state == nullptr || state->verdict != Verdict::bad_signature || state->denial_charged) return access;
    state->denial_charged = true;
    const auto* core = static_cast<ngx_http_core_loc_conf_t*>(ngx_http_get_module_loc_conf(r, ngx_http_core_module));
    // `satisfy any` goes on to its other rules after 401 and 403 alone: a 429 would shut out whom they admit.
    if (core->satisfy == NGX_HTTP_SATISFY_ANY) return access;
    return charge_all(r, LimitedRequests::denied, *state) == NGX_DECLINED ? access : NGX_HTTP_TOO_MANY_REQUESTS;
} catch (...) {
    return access;
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
