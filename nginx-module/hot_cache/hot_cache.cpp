// Serves thumbnails from memory and keeps those that go by. Fails open: without memory, or on any doubt, the request is
// served by nginx's disk cache as if there were no hot cache.
#include "nginx-module/hot_cache/hot_cache.hpp"

#include <algorithm>
#include <cstring>

#include "contract/cache_policy.hpp"
#include "nginx-module/link/link.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

HotStore* store_of(ngx_http_request_t* r) {
    const HotConf& conf = location_conf(r)->hot_cache;
    return r == r->main && conf.zone != nullptr ? conf.zone->store : nullptr;
}

// nginx's range filter wants a body of several ranges in one buffer; such a request is served from disk.
bool asks_for_several_ranges(ngx_http_request_t* r) {
    const ngx_table_elt_t* range = r->headers_in.range;
    return range != nullptr && view(range->value).find(',') != std::string_view::npos;
}

bool set_headers(ngx_http_request_t* r, const HotMeta& meta) {
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = meta.length;
    r->headers_out.last_modified_time = static_cast<time_t>(meta.last_modified);
    const std::string_view type = meta.type_view();
    r->headers_out.content_type = {type.size(), reinterpret_cast<u_char*>(const_cast<char*>(type.data()))};
    r->headers_out.content_type_len = type.size();
    r->allow_ranges = 1;
    if (meta.etag_length == 0) return true;
    if (!add_response_header(r, "ETag", meta.etag_view())) return false;
    const ngx_list_part_t* part = r->headers_out.headers.last;
    r->headers_out.etag = static_cast<ngx_table_elt_t*>(part->elts) + part->nelts - 1;
    return true;
}

// The body's pages as they are in shared memory; null when there is no memory for the chain.
ngx_chain_t* body_chain(ngx_http_request_t* r, const HotStore::Pin& pin) {
    ngx_chain_t* first = nullptr;
    ngx_chain_t** link = &first;
    ngx_buf_t* last = nullptr;
    bool complete = true;
    pin.for_each_part([&](std::span<const std::uint8_t> bytes) {
        auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool));
        ngx_chain_t* part = buffer != nullptr ? ngx_alloc_chain_link(r->pool) : nullptr;
        if (part == nullptr) {
            complete = false;
            return;
        }
        buffer->pos = const_cast<u_char*>(bytes.data());
        buffer->last = buffer->pos + bytes.size();
        buffer->memory = 1;  // read-only
        part->buf = last = buffer;
        part->next = nullptr;
        *link = part;
        link = &part->next;
    });
    if (!complete || last == nullptr) return nullptr;
    last->last_buf = 1;
    last->last_in_chain = 1;
    return first;
}

ngx_int_t send_hot(ngx_http_request_t* r, const HotStore::Pin& pin) {
    if (!set_headers(r, pin.meta())) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    ngx_chain_t* body = body_chain(r, pin);
    if (body == nullptr) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    const ngx_int_t sent = ngx_http_send_header(r);
    if (sent == NGX_ERROR || sent > NGX_OK || r->header_only != 0) return sent;
    return ngx_http_output_filter(r, body);
}

// What nginx's cache says of this response, by its own rules.
bool comes_from_or_goes_to_disk(ngx_http_request_t* r) {
    if (r->upstream == nullptr || r->cache == nullptr) return false;
    switch (r->upstream->cache_status) {
        case NGX_HTTP_CACHE_HIT:
        case NGX_HTTP_CACHE_MISS:
        case NGX_HTTP_CACHE_EXPIRED:
        case NGX_HTTP_CACHE_REVALIDATED:
            return true;
        default:
            return false;  // a stale or bypassed object is not kept
    }
}

// It is fresh for a moment, and the disk cache knows for how long.
bool is_interim(ngx_http_request_t* r) {
    return has_header(r->headers_out.headers, kInterimHeader);
}

bool is_worth_keeping(ngx_http_request_t* r, std::size_t max_object) {
    const off_t length = r->headers_out.content_length_n;
    return r->headers_out.status == NGX_HTTP_OK && r->header_only == 0 && r->headers_in.range == nullptr &&
           r->headers_out.content_encoding == nullptr && length > 0 && length <= static_cast<off_t>(max_object) &&
           comes_from_or_goes_to_disk(r) && !is_interim(r);
}

// On a hit nginx reads the stored response's fields again, and counts what they say (X-Accel-Expires, Cache-Control)
// from now on. The moment that was decided on when it was stored is in the file's own header.
std::int64_t end_on_disk(ngx_http_request_t* r) {
    if (r->upstream->cache_status != NGX_HTTP_CACHE_HIT) return r->cache->valid_sec;
    return reinterpret_cast<const ngx_http_file_cache_header_t*>(r->cache->buf->start)->valid_sec;
}

// Valid for as long as the object on disk; 0 when nginx did not keep it.
std::int64_t valid_until(ngx_http_request_t* r) {
    const bool kept = r->cached != 0 || r->upstream->cacheable != 0;
    return kept && r->cache != nullptr ? end_on_disk(r) : 0;
}

void finish_fill(ngx_http_request_t* r, HotFill& fill) {
    HotStore* store = store_of(r);
    fill.meta.valid_until = valid_until(r);
    const std::string* key = cache_key(r);
    if (store != nullptr && key != nullptr && fill.meta.valid_until > ngx_time()) {
        store->store(hot_key(*key), fill.meta, fill.body);
    }
}

}  // namespace

ngx_int_t serve_hot(ngx_http_request_t* r) noexcept try {
    HotStore* store = store_of(r);
    RequestState* state = store != nullptr ? existing_request_state(r) : nullptr;
    if (state == nullptr || state->verdict != Verdict::ok || asks_for_several_ranges(r)) return NGX_DECLINED;
    const std::string* key = cache_key(r);
    if (key == nullptr) return NGX_DECLINED;
    HotStore::Pin found = store->find(hot_key(*key), ngx_time());
    if (!found) return NGX_DECLINED;
    const auto* pin = make_in_pool<HotStore::Pin>(r->pool, std::move(found));
    if (pin == nullptr || ngx_http_discard_request_body(r) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    state->served_hot = true;
    ngx_http_finalize_request(r, send_hot(r, *pin));
    return NGX_DONE;
} catch (...) {
    return NGX_DECLINED;
}

void begin_hot_fill(ngx_http_request_t* r) {
    if (store_of(r) == nullptr || !is_worth_keeping(r, location_conf(r)->hot_cache.zone->max_object)) return;
    RequestState* state = existing_request_state(r);
    if (state == nullptr || state->verdict != Verdict::ok || state->served_hot) return;
    HotFill fill;
    fill.meta.length = static_cast<std::uint32_t>(r->headers_out.content_length_n);
    fill.meta.last_modified = r->headers_out.last_modified_time;
    const ngx_table_elt_t* etag = r->headers_out.etag;
    if (!fill.meta.set_type(view(r->headers_out.content_type))) return;
    if (etag != nullptr && !fill.meta.set_etag(view(etag->value))) return;
    fill.body.reserve(fill.meta.length);
    state->hot_fill = std::move(fill);
    r->filter_need_in_memory = 1;
}

void continue_hot_fill(ngx_http_request_t* r, const ngx_chain_t* in) {
    RequestState* state = r == r->main ? existing_request_state(r) : nullptr;
    if (state == nullptr || !state->hot_fill) return;
    HotFill& fill = *state->hot_fill;
    bool ends = false;
    for (; in != nullptr; in = in->next) {
        const ngx_buf_t* buffer = in->buf;
        ends = ends || buffer->last_buf != 0;
        if (ngx_buf_in_memory(buffer)) fill.body.append(buffer->pos, buffer->last);
        if (fill.body.size() > fill.meta.length) return state->hot_fill.reset();
    }
    if (!ends) return;
    if (fill.body.size() == fill.meta.length) finish_fill(r, fill);
    state->hot_fill.reset();
}

}  // namespace thumbgate::edge
