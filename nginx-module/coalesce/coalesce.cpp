// Decides who leads and who waits, and what a waiter does when it is woken: it has been judged again by then, and was
// not in the hot cache. A leader needs no client: a cacheable answer is read to its end, whether its client reads
// slowly (into the cache's file) or is gone; only the end of its request without an answer makes another one lead.
#include "nginx-module/coalesce/coalesce.hpp"

#include <algorithm>
#include <charconv>

#include "nginx-module/coalesce/waiting_room.hpp"
#include "nginx-module/link/link.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

constexpr unsigned kMaxRounds = 3;              // flights a request takes part in; then it asks for itself
constexpr std::uint32_t kHoldsMs = 1000;        // what is known of a key is looked up again after it
constexpr std::uint32_t kMaxRetryAfter = 3600;  // seconds

using Stage = Coalesced::Stage;

Coalesced* leader(ngx_http_request_t* r) {
    const RequestState* state = r == r->main ? existing_request_state(r) : nullptr;
    Coalesced* mine = state != nullptr ? state->coalesced : nullptr;
    return mine != nullptr && mine->stage == Stage::leads ? mine : nullptr;
}

void remember(WaitingRoom& room, const HotKey& key, const FetchResult& result) {
    if (result.holds_ms > 0) room.recent().remember(key, ngx_current_msec + result.holds_ms);
}

void land(Coalesced& mine, const FetchResult& result) noexcept {
    if (mine.landing.posted != 0) {
        ngx_delete_posted_event(&mine.landing);
    }
    mine.stage = Stage::none;
    mine.result.reset();
    remember(*mine.room, mine.key, result);
    mine.room->flights().finish(mine.ticket, result);
}

// The request is over, at whatever point.
void end_of_request(void* data) {
    auto& mine = *static_cast<Coalesced*>(data);
    if (mine.stage == Stage::leads) {
        land(mine, mine.result.value_or(FetchResult{}));
    } else if (mine.stage != Stage::none) {
        mine.room->dismiss(mine);
    }
}

// Made on first use. Null when there is no memory.
Coalesced* part_of(ngx_http_request_t* r, RequestState& state, WaitingRoom& room) {
    if (state.coalesced != nullptr) return state.coalesced;
    auto* mine = make_in_pool<Coalesced>(r->pool);
    ngx_http_cleanup_t* cleanup = mine != nullptr ? ngx_http_cleanup_add(r, 0) : nullptr;
    if (cleanup == nullptr) return nullptr;
    cleanup->handler = end_of_request;
    cleanup->data = mine;
    mine->request = r;
    mine->room = &room;
    return state.coalesced = mine;
}

// What the backend says, or the circuit breaker in its place; 0: nothing, or a date.
std::uint32_t retry_after(const ngx_list_t& headers) {
    constexpr std::string_view name = "Retry-After";
    auto* name_bytes = reinterpret_cast<u_char*>(const_cast<char*>(name.data()));
    for (const ngx_list_part_t* part = &headers.part; part != nullptr; part = part->next) {
        for (const ngx_table_elt_t& header : std::span(static_cast<ngx_table_elt_t*>(part->elts), part->nelts)) {
            if (header.hash == 0 || header.key.len != name.size()) continue;
            if (ngx_strncasecmp(header.key.data, name_bytes, name.size()) != 0) continue;
            const std::string_view value = view(header.value);
            std::uint32_t seconds = 0;
            std::from_chars(value.data(), value.data() + value.size(), seconds);
            return std::min(seconds, kMaxRetryAfter);
        }
    }
    return 0;
}

FetchResult failed(ngx_uint_t status, std::uint32_t retry_after = 0) {
    return {.end = FetchEnd::failed, .status = static_cast<std::uint16_t>(status), .retry_after = retry_after};
}

// The object is on disk. Another variant of it is not, so it says nothing of the key as a whole.
FetchResult on_disk(const ngx_http_cache_t& cache) {
    if (cache.vary.len > 0) return {.end = FetchEnd::varied};
    // What is known of it must not outlive it: those who come as it expires are one fetch again.
    const bool lasts = cache.valid_sec > ngx_time() + 1;
    return {.end = FetchEnd::stored, .holds_ms = lasts ? kHoldsMs : 0};
}

// What the backend's answer came to, as nginx lets go of it; `rc` as nginx gives it, with the object stored by now.
FetchResult result_of_fetch(ngx_http_request_t* r, ngx_int_t rc) {
    const ngx_http_upstream_t& upstream = *r->upstream;
    if (rc == NGX_ERROR || rc == NGX_HTTP_CLIENT_CLOSED_REQUEST || rc == NGX_HTTP_REQUEST_TIME_OUT) return {};
    if (rc >= NGX_HTTP_BAD_REQUEST) return failed(static_cast<ngx_uint_t>(rc));
    if (rc == NGX_DECLINED || r->cache == nullptr) return {.end = FetchEnd::passed, .holds_ms = kHoldsMs};
    if (r->cached != 0) {
        // Stale, because the backend failed: for the others nginx decides as for this one.
        if (upstream.cache_status != NGX_HTTP_CACHE_REVALIDATED) return {.end = FetchEnd::passed};
        return on_disk(*r->cache);
    }
    if (upstream.cacheable != 0 && upstream.buffering != 0) return on_disk(*r->cache);
    if (upstream.headers_in.status_n >= NGX_HTTP_BAD_REQUEST) {
        return failed(upstream.headers_in.status_n, retry_after(upstream.headers_in.headers));
    }
    return {.end = FetchEnd::passed, .holds_ms = kHoldsMs};
}

// The response begins without an answer of the backend's under way: it is from disk, or there was none.
FetchResult result_without_fetch(ngx_http_request_t* r) {
    if (r->upstream == nullptr) return {.end = FetchEnd::passed, .holds_ms = kHoldsMs};
    if (r->cached != 0 && r->cache != nullptr) {
        // An expired object is renewed in the background, by one request at a time: nginx's own lock is for that.
        if (r->upstream->cache_status != NGX_HTTP_CACHE_HIT) return {.end = FetchEnd::passed, .holds_ms = kHoldsMs};
        return on_disk(*r->cache);
    }
    const ngx_uint_t status = r->err_status != 0 ? r->err_status : r->headers_out.status;
    if (status < NGX_HTTP_BAD_REQUEST) return {.end = FetchEnd::passed};
    return failed(status, retry_after(r->headers_out.headers));
}

void on_landing(ngx_event_t* event) noexcept {
    auto& mine = *static_cast<Coalesced*>(event->data);
    if (mine.stage == Stage::leads) land(mine, mine.result.value_or(FetchResult{}));
}

// nginx calls it when the backend's answer is over, and stored if it will be. What is left of this response (the end of
// its body, which fills the hot cache) goes first; then the others are woken.
void upstream_over(ngx_http_request_t* r, ngx_int_t rc) noexcept {
    RequestState* state = existing_request_state(r);
    if (state == nullptr || state->coalesced == nullptr || state->coalesced->upstream_finalize == nullptr) return;
    Coalesced& mine = *state->coalesced;
    std::exchange(mine.upstream_finalize, nullptr)(r, rc);
    if (mine.stage != Stage::leads) return;
    mine.result = result_of_fetch(r, rc);
    mine.landing.handler = on_landing;
    mine.landing.data = &mine;
    mine.landing.log = ngx_cycle->log;
    ngx_post_event(&mine.landing, &ngx_posted_events);
}

ngx_int_t answer_timeout(RequestState& state, FlightCounters& counters) {
    counters.timeout.fetch_add(1, std::memory_order_relaxed);
    state.problem_detail = "another request has been fetching this thumbnail for too long; try again";
    return NGX_HTTP_GATEWAY_TIME_OUT;
}

ngx_int_t answer_failure(ngx_http_request_t* r, const FetchResult& result) {
    if (result.retry_after > 0) add_response_header(r, "Retry-After", std::to_string(result.retry_after));
    return result.status;
}

ngx_int_t join(Coalesced& mine, const CoalesceConf& conf) {
    WaitingRoom& room = *mine.room;
    FlightCounters& counters = room.flights().counters();
    if (mine.rounds == 0) mine.deadline = ngx_current_msec + conf.timeout;
    FlightJoin joined;
    if (++mine.rounds <= kMaxRounds) joined = room.flights().join(mine.key, ngx_current_msec, conf.timeout);
    mine.ticket = joined.ticket;
    if (joined.role == FlightRole::leader) {
        mine.stage = Stage::leads;
        return NGX_DECLINED;
    }
    if (joined.role == FlightRole::waiter && room.admit(mine)) return NGX_AGAIN;
    counters.alone.fetch_add(1, std::memory_order_relaxed);
    return NGX_DECLINED;
}

// What a request that was woken does with what it was told; nullopt: as one that has just come.
std::optional<ngx_int_t> go_on(ngx_http_request_t* r, RequestState& state, Coalesced& mine, const HotKey& key) {
    FlightCounters& counters = mine.room->flights().counters();
    if (std::exchange(mine.timed_out, false)) return answer_timeout(state, counters);
    const std::optional<FetchResult> result = std::exchange(mine.result, std::nullopt);
    if (!result) return std::nullopt;
    counters.waited.fetch_add(1, std::memory_order_relaxed);
    remember(*mine.room, mine.key, *result);
    // A purge may have given the picture another key meanwhile; then what was fetched is not it.
    if (mine.key != key) return std::nullopt;
    if (result->end == FetchEnd::failed) return answer_failure(r, *result);
    if (result->end == FetchEnd::stored || result->end == FetchEnd::passed) return NGX_DECLINED;
    return std::nullopt;
}

ngx_int_t take_part(ngx_http_request_t* r, WaitingRoom& room, RequestState& state, const HotKey& key) {
    if (state.coalesced != nullptr) {
        if (state.coalesced->stage == Stage::leads) return NGX_DECLINED;
        if (const auto answer = go_on(r, state, *state.coalesced, key)) return *answer;
    }
    if (room.recent().holds(key, ngx_current_msec)) return NGX_DECLINED;
    Coalesced* mine = part_of(r, state, room);
    if (mine == nullptr) return NGX_DECLINED;
    mine->key = key;
    return join(*mine, location_conf(r)->coalesce);
}

}  // namespace

ngx_int_t coalesce(ngx_http_request_t* r) noexcept try {
    WaitingRoom* room = main_conf(r)->coalesce.room;
    if (location_conf(r)->coalesce.enabled != 1 || room == nullptr || r != r->main) return NGX_DECLINED;
    RequestState* state = existing_request_state(r);
    if (state == nullptr || state->verdict != Verdict::ok) return NGX_DECLINED;
    const std::string* key = cache_key(r);
    return key != nullptr ? take_part(r, *room, *state, hot_key(*key)) : NGX_DECLINED;
} catch (...) {
    return NGX_DECLINED;
}

bool watch_fetch(ngx_http_request_t* r) {
    Coalesced* mine = leader(r);
    if (mine == nullptr || mine->upstream_finalize != nullptr) return false;
    ngx_http_upstream_t* upstream = r->upstream;
    const bool fetching = upstream != nullptr && upstream->cleanup != nullptr;
    if (upstream != nullptr && r->cached == 0) {
        mine->room->flights().counters().leader.fetch_add(1, std::memory_order_relaxed);
    }
    if (!fetching) {
        land(*mine, result_without_fetch(r));
        return false;
    }
    mine->upstream_finalize = std::exchange(upstream->finalize_request, upstream_over);
    // Sending to a client that is gone would fail, and the answer be dropped. As with HEAD, nginx stores it unsent.
    if (r->connection->error == 0) return false;
    r->header_only = 1;
    return true;
}

}  // namespace thumbgate::edge
