// What every feature of the module needs between nginx's C types and C++: strings, objects in pools, conf errors.
#pragma once

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

inline std::string_view view(const ngx_str_t& text) {
    return {reinterpret_cast<const char*>(text.data), text.len};
}

// The parts, one after the other, in a text that lives as long as the pool; {0, nullptr} when there is no memory.
inline ngx_str_t join_in_pool(ngx_pool_t* pool, std::initializer_list<std::string_view> parts) noexcept {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    auto* data = static_cast<u_char*>(ngx_pnalloc(pool, size + 1));
    if (data == nullptr) return {0, nullptr};
    u_char* end = data;
    for (const std::string_view part : parts) end = std::copy(part.begin(), part.end(), end);
    *end = '\0';
    return {size, data};
}

// A copy that lives as long as the pool; {0, nullptr} when there is no memory.
inline ngx_str_t copy_to_pool(ngx_pool_t* pool, std::string_view text) noexcept {
    return join_in_pool(pool, {text});
}

// A T that is destroyed with the pool; null when there is no memory. What T's constructor throws goes through.
template <typename T, typename... Arguments>
T* make_in_pool(ngx_pool_t* pool, Arguments&&... arguments) {
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(pool, sizeof(T));
    if (cleanup == nullptr) return nullptr;
    T* object = new (cleanup->data) T(std::forward<Arguments>(arguments)...);
    cleanup->handler = [](void* data) { static_cast<T*>(data)->~T(); };
    return object;
}

// Says `message` at the directive's place in the file, at [emerg]; nginx then keeps its running configuration.
inline char* refuse_directive(ngx_conf_t* cf, std::string_view message) noexcept {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%*s", message.size(), message.data());
    return static_cast<char*>(NGX_CONF_ERROR);
}

inline ngx_str_t* directive_arguments(ngx_conf_t* cf) {
    return static_cast<ngx_str_t*>(cf->args->elts);
}

// `path` as nginx resolves it, against the prefix (-p).
inline bool full_path(ngx_conf_t* cf, ngx_str_t& path) {
    return ngx_conf_full_name(cf->cycle, &path, 0) == NGX_OK;
}

// Adds a response header; false when there is no memory. `key` must outlive the request.
inline bool add_response_header(ngx_http_request_t* r, std::string_view key, std::string_view value) noexcept {
    auto* header = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
    if (header == nullptr) return false;
    std::memset(static_cast<void*>(header), 0, sizeof(*header));
    header->value = copy_to_pool(r->pool, value);
    if (header->value.data == nullptr) return false;
    header->hash = 1;
    header->key = {key.size(), reinterpret_cast<u_char*>(const_cast<char*>(key.data()))};
    return true;
}

// The header of that name, in any case, in a list of nginx's; null: none.
inline const ngx_table_elt_t* find_header(const ngx_list_t& headers, std::string_view name) noexcept {
    auto* wanted = reinterpret_cast<u_char*>(const_cast<char*>(name.data()));
    for (const ngx_list_part_t* part = &headers.part; part != nullptr; part = part->next) {
        const auto* header = static_cast<const ngx_table_elt_t*>(part->elts);
        for (const auto* end = header + part->nelts; header != end; ++header) {
            if (header->hash == 0 || header->key.len != name.size()) continue;
            if (ngx_strncasecmp(header->key.data, wanted, name.size()) == 0) return header;
        }
    }
    return nullptr;
}

inline bool has_header(const ngx_list_t& headers, std::string_view name) noexcept {
    return find_header(headers, name) != nullptr;
}

// A request header's value; empty when there is none.
inline std::string_view request_header(const ngx_http_request_t* r, std::string_view name) noexcept {
    const ngx_table_elt_t* header = find_header(r->headers_in.headers, name);
    return header != nullptr ? view(header->value) : std::string_view{};
}

// The value of an indexed variable; empty when it is not set.
inline std::string_view variable(ngx_http_request_t* r, ngx_int_t index) noexcept {
    const ngx_http_variable_value_t* value = ngx_http_get_indexed_variable(r, static_cast<ngx_uint_t>(index));
    if (value == nullptr || value->not_found != 0) return {};
    return {reinterpret_cast<const char*>(value->data), value->len};
}

inline std::uint64_t unix_now() {
    return static_cast<std::uint64_t>(ngx_time());
}

}  // namespace thumbgate::edge
