// How the module's variables are written: a function from a request to a text, or to nothing where there is none.
// They are evaluated anew at each use, since what they say changes between phases and locations.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nginx-module/ngx.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {

using VariableText = std::optional<std::string> (*)(ngx_http_request_t*);

template <VariableText Text>
ngx_int_t get_variable(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t) noexcept try {
    const std::optional<std::string> text = Text(r);
    const ngx_str_t copy = text ? copy_to_pool(r->pool, *text) : ngx_str_t{0, nullptr};
    value->not_found = copy.data == nullptr ? 1 : 0;
    value->valid = copy.data != nullptr ? 1 : 0;
    value->no_cacheable = 0;
    value->escape = 0;
    value->len = static_cast<unsigned>(copy.len) & ((1U << 28U) - 1);
    value->data = copy.data;
    return NGX_OK;
} catch (...) {
    return NGX_ERROR;
}

template <VariableText Text>
ngx_http_variable_t thumb_variable(std::string_view name) {
    ngx_http_variable_t variable{};
    variable.name = {name.size(), reinterpret_cast<u_char*>(const_cast<char*>(name.data()))};
    variable.get_handler = get_variable<Text>;
    variable.flags = NGX_HTTP_VAR_NOCACHEABLE;
    return variable;
}

}  // namespace thumbgate::edge
