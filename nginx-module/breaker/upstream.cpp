// Asks the breaker before each try of an upstream, and tells it how the try went.
#include "nginx-module/breaker/upstream.hpp"

#include <string>

#include "nginx-module/request_state.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

constexpr ngx_msec_t kUnset = static_cast<ngx_msec_t>(-1);

// Takes the place of the inner method's data in a request's peer connection. In the request's pool.
struct BreakerPeer {
    BreakerConf* conf;
    ngx_http_request_t* request;
    Breaker::Ticket ticket;
    bool asked;  // the ticket is to be reported
    void* inner_data;
    ngx_event_get_peer_pt inner_get;
    ngx_event_free_peer_pt inner_free;
#if (NGX_HTTP_SSL)
    ngx_event_set_peer_session_pt inner_set_session;
    ngx_event_save_peer_session_pt inner_save_session;
#endif

    Breaker breaker() const { return {*conf->state, *conf->rules}; }
};
static_assert(std::is_trivially_destructible_v<BreakerPeer>);

void finish(BreakerPeer& peer, Outcome outcome) {
    if (!peer.asked) return;
    peer.asked = false;
    peer.breaker().report(peer.ticket, outcome, ngx_current_msec);
}

// The backend's 503 with Retry-After is an answer: it lives, and limits itself.
bool is_failure(const ngx_http_upstream_t& u, ngx_uint_t status) {
    switch (status) {
        case NGX_HTTP_INTERNAL_SERVER_ERROR:
        case NGX_HTTP_BAD_GATEWAY:
        case NGX_HTTP_GATEWAY_TIME_OUT:
            return true;
        case NGX_HTTP_SERVICE_UNAVAILABLE:
            return !has_header(u.headers_in.headers, "retry-after");
        default:
            return false;
    }
}

bool body_broke_off(const ngx_http_upstream_t& u) {
    const ngx_event_pipe_t* pipe = u.pipe;
    if (pipe == nullptr) return false;
    return pipe->upstream_error != 0 || (pipe->upstream_eof != 0 && pipe->upstream_done == 0 && pipe->length > 0);
}

// A kept connection that the backend had closed, or that a restart of it did: nginx tries again on another.
bool was_stale_connection(const ngx_peer_connection_t& pc, const ngx_http_upstream_state_t& state) {
    const ngx_connection_t* c = pc.connection;
    return pc.cached != 0 && c != nullptr && c->read->timedout == 0 && c->write->timedout == 0 &&
           state.bytes_received == 0;
}

Outcome outcome_of(const ngx_http_upstream_t& u, ngx_uint_t peer_state, const BreakerRules& rules) {
    const ngx_http_upstream_state_t& state = *u.state;
    if (state.header_time != kUnset) {
        const bool failed =
            state.header_time >= rules.slow_ms || is_failure(u, u.headers_in.status_n) || body_broke_off(u);
        return failed ? Outcome::failure : Outcome::success;
    }
    if ((peer_state & NGX_PEER_FAILED) != 0) {
        return was_stale_connection(u.peer, state) ? Outcome::none : Outcome::failure;
    }
    // The client went away; that says something only where it had waited too long.
    return ngx_current_msec - u.start_time >= rules.slow_ms ? Outcome::failure : Outcome::none;
}

ngx_int_t reject(BreakerPeer& peer, ngx_peer_connection_t& pc, std::uint64_t retry_after_ms) {
    pc.name = &peer.conf->upstream->host;  // for the log
    ngx_http_request_t* r = peer.request;
    // A background update answers nobody.
    if (RequestState* state = r == r->main ? request_state(r) : nullptr; state != nullptr) {
        state->breaker_retry_after_ms = retry_after_ms;
    }
    return NGX_BUSY;
}

ngx_int_t get_peer(ngx_peer_connection_t* pc, void* data) noexcept try {
    auto& peer = *static_cast<BreakerPeer*>(data);
    const Breaker::Answer answer = peer.breaker().ask(ngx_current_msec);
    if (!answer.ticket) return reject(peer, *pc, answer.retry_after_ms);
    peer.ticket = *answer.ticket;
    peer.asked = true;
    const ngx_int_t got = peer.inner_get(pc, peer.inner_data);
    // No connection was tried, and free_peer will not be called.
    if (got == NGX_ERROR || got == NGX_BUSY) finish(peer, Outcome::none);
    return got;
} catch (...) {
    // Fails open: the backend is asked.
    const auto& peer = *static_cast<BreakerPeer*>(data);
    return peer.inner_get(pc, peer.inner_data);
}

void free_peer(ngx_peer_connection_t* pc, void* data, ngx_uint_t state) noexcept {
    auto& peer = *static_cast<BreakerPeer*>(data);
    const ngx_http_upstream_t& u = *peer.request->upstream;
    finish(peer, outcome_of(u, state, *peer.conf->rules));
    peer.inner_free(pc, peer.inner_data, state);
}

#if (NGX_HTTP_SSL)
ngx_int_t set_session(ngx_peer_connection_t* pc, void* data) noexcept {
    const auto& peer = *static_cast<BreakerPeer*>(data);
    return peer.inner_set_session(pc, peer.inner_data);
}

void save_session(ngx_peer_connection_t* pc, void* data) noexcept {
    const auto& peer = *static_cast<BreakerPeer*>(data);
    peer.inner_save_session(pc, peer.inner_data);
}
#endif

BreakerConf* breaker_conf(ngx_http_upstream_srv_conf_t* upstream) {
    return static_cast<BreakerConf*>(ngx_http_conf_upstream_srv_conf(upstream, ngx_http_thumb_module));
}

// For each request, before its first try.
ngx_int_t init_peer(ngx_http_request_t* r, ngx_http_upstream_srv_conf_t* upstream) noexcept {
    BreakerConf* conf = breaker_conf(upstream);
    auto* peer = static_cast<BreakerPeer*>(ngx_pcalloc(r->pool, sizeof(BreakerPeer)));
    if (peer == nullptr) return NGX_ERROR;
    if (const ngx_int_t made = conf->inner_init_peer(r, upstream); made != NGX_OK) return made;
    ngx_peer_connection_t& pc = r->upstream->peer;
    peer->conf = conf;
    peer->request = r;
    peer->inner_data = std::exchange(pc.data, peer);
    peer->inner_get = std::exchange(pc.get, get_peer);
    peer->inner_free = std::exchange(pc.free, free_peer);
#if (NGX_HTTP_SSL)
    peer->inner_set_session = std::exchange(pc.set_session, set_session);
    peer->inner_save_session = std::exchange(pc.save_session, save_session);
#endif
    return NGX_OK;
}

// Once, when nginx has read the whole configuration.
ngx_int_t init_upstream(ngx_conf_t* cf, ngx_http_upstream_srv_conf_t* upstream) noexcept {
    BreakerConf* conf = breaker_conf(upstream);
    if (conf->inner_init_upstream(cf, upstream) != NGX_OK) return NGX_ERROR;
    conf->inner_init_peer = std::exchange(upstream->peer.init, init_peer);
    return NGX_OK;
}

}  // namespace

void wrap_upstream(BreakerConf& conf) {
    ngx_http_upstream_init_pt& init = conf.upstream->peer.init_upstream;
    conf.inner_init_upstream = init != nullptr ? init : ngx_http_upstream_init_round_robin;
    init = init_upstream;
}

void set_breaker_status(ngx_http_request_t* r) {
    constexpr std::uint64_t kMsPerSecond = 1000;
    const RequestState* state = existing_request_state(r);
    if (state == nullptr || !state->breaker_retry_after_ms) return;
    // Only nginx's own page: an error_page, or a stale answer, is what the user wanted instead.
    if (r->err_status != NGX_HTTP_BAD_GATEWAY || r->headers_out.status != NGX_HTTP_BAD_GATEWAY || r->internal != 0)
        return;
    r->err_status = NGX_HTTP_SERVICE_UNAVAILABLE;
    r->headers_out.status = NGX_HTTP_SERVICE_UNAVAILABLE;
    r->headers_out.status_line.len = 0;
    const std::uint64_t seconds = (*state->breaker_retry_after_ms + kMsPerSecond - 1) / kMsPerSecond;
    add_response_header(r, "Retry-After", std::to_string(seconds));
    add_response_header(r, "Cache-Control", "no-store");
}

}  // namespace thumbgate::edge
