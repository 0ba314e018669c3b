// Keeps the module's state of a request, in the main request's pool. Without memory the request fails as nginx's own
// do: with 500, or by leaving a field of the log empty.
#include "nginx-module/request_state.hpp"

#include <array>

#include "nginx-module/conf.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

void destroy_state(void* data) {
    static_cast<RequestState*>(data)->~RequestState();
}

// nginx clears the contexts on an internal redirect, but not the pool's clean-ups (as the realip module knows).
RequestState* find_in_pool(ngx_http_request_t* main) {
    for (ngx_pool_cleanup_t* cleanup = main->pool->cleanup; cleanup != nullptr; cleanup = cleanup->next) {
        if (cleanup->handler == destroy_state) return static_cast<RequestState*>(cleanup->data);
    }
    return nullptr;
}

}  // namespace

std::string_view name(Verdict verdict) {
    constexpr std::array<std::string_view, kVerdicts> names{"none",          "ok",
                                                            "malformed",     "unknown_option",
                                                            "bad_argument",  "bad_source",
                                                            "bad_signature", "forbidden_source",
                                                            "expired",       "wrong_session",
                                                            "revoked",       "not_known",
                                                            "bad_method",    "limited"};
    return names[static_cast<std::size_t>(verdict)];
}

Verdict verdict_of(RefusalKind kind) {
    switch (kind) {
        case RefusalKind::malformed:
            return Verdict::malformed;
        case RefusalKind::unknown_option:
            return Verdict::unknown_option;
        case RefusalKind::bad_argument:
            return Verdict::bad_argument;
        case RefusalKind::bad_source:
            return Verdict::bad_source;
        case RefusalKind::bad_signature:
            return Verdict::bad_signature;
        case RefusalKind::forbidden_source:
            return Verdict::forbidden_source;
        case RefusalKind::expired:
            return Verdict::expired;
    }
    return Verdict::malformed;
}

RequestState* existing_request_state(ngx_http_request_t* r) {
    ngx_http_request_t* main = r->main;
    auto* state = static_cast<RequestState*>(ngx_http_get_module_ctx(main, ngx_http_thumb_module));
    if (state == nullptr && (main->internal || main->filter_finalize)) {
        state = find_in_pool(main);
        if (state != nullptr) ngx_http_set_ctx(main, state, ngx_http_thumb_module);
    }
    return state;
}

RequestState* request_state(ngx_http_request_t* r) {
    if (RequestState* state = existing_request_state(r)) return state;
    ngx_http_request_t* main = r->main;
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(main->pool, sizeof(RequestState));
    if (cleanup == nullptr) return nullptr;
    auto* state = new (cleanup->data) RequestState();
    cleanup->handler = destroy_state;
    ngx_http_set_ctx(main, state, ngx_http_thumb_module);
    return state;
}

}  // namespace thumbgate::edge
