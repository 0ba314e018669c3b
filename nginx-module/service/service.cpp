// Gives the backend no more than was checked here: a cookie that is forged or has expired is as good as none, and a
// trace context that is not well-formed is replaced. Without thumb_secret nothing is signed, and the backend refuses.
#include "nginx-module/service/service.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "contract/service_auth.hpp"
#include "contract/session_cookie.hpp"
#include "nginx-module/link/link.hpp"
#include "nginx-module/support.hpp"
#include "nginx-module/variables.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::size_t kSpanDigits = 16;
constexpr std::size_t kLoggedSessionDigits = 16;
constexpr std::size_t kTraceparentLength = 55;  // version 00 of the W3C recommendation

char* set_secret(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    ServiceMainConf& service = static_cast<MainConf*>(conf)->service;
    if (service.secret != nullptr) return const_cast<char*>("is duplicate");
    ngx_str_t path = directive_arguments(cf)[1];
    if (!full_path(cf, path)) return static_cast<char*>(NGX_CONF_ERROR);
    auto secret = SharedSecret::read_file(std::string(view(path)));
    if (!secret) return refuse_directive(cf, "thumb_secret: " + secret.error());
    service.secret = make_in_pool<SharedSecret>(cf->pool, std::move(*secret));
    return service.secret == nullptr ? static_cast<char*>(NGX_CONF_ERROR) : NGX_CONF_OK;
} catch (...) {
    return static_cast<char*>(NGX_CONF_ERROR);
}

std::optional<std::string> session(ngx_http_request_t* r) {
    const std::string hash = session_hash(r);
    return hash.empty() ? "-" : hash.substr(0, kLoggedSessionDigits);
}

// proxy_cache asks with GET on behalf of a HEAD.
std::string_view upstream_method(ngx_http_request_t* r) {
    const bool converted = r->upstream != nullptr && r->upstream->method.len > 0;
    return view(converted ? r->upstream->method : r->method_name);
}

std::optional<std::string> service_auth(ngx_http_request_t* r) {
    const ServiceMainConf& service = main_conf(r)->service;
    const auto target = backend_uri(r);
    if (service.secret == nullptr || !target) return std::nullopt;
    const ServiceIdentity identity{unix_now(), std::string(view(r->connection->addr_text)), session_hash(r),
                                   std::string(request_id(r))};
    return sign_service_request(service.secret->service, upstream_method(r), *target, identity);
}

// Unix seconds with milliseconds, as $msec. The time runs from when the backend is asked, not from the request's begin:
// a body that nginx has buffered took as long as its client's uplink, and the backend has no part in that.
std::optional<std::string> deadline(ngx_http_request_t* r) {
    constexpr std::uint64_t kMsPerSecond = 1000;
    const ngx_time_t* now = ngx_timeofday();
    const std::uint64_t ms = static_cast<std::uint64_t>(now->sec) * kMsPerSecond +
                             static_cast<std::uint64_t>(now->msec) + location_conf(r)->service.deadline;
    const std::string decimals = std::to_string(ms % kMsPerSecond + kMsPerSecond);  // "1" and three digits
    return std::to_string(ms / kMsPerSecond) + "." + decimals.substr(1);
}

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_all_zero(std::string_view text) {
    return text.find_first_not_of('0') == std::string_view::npos;
}

struct TraceContext {
    std::string_view trace_id;
    std::string_view flags;
};

// "00-<32 hex>-<16 hex>-<2 hex>"
std::optional<TraceContext> parse_traceparent(std::string_view text) {
    if (text.size() != kTraceparentLength || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') {
        return std::nullopt;
    }
    const TraceContext context{text.substr(3, 32), text.substr(53, 2)};
    const std::string_view parent = text.substr(36, 16);
    if (!is_hex(context.trace_id) || !is_hex(parent) || !is_hex(context.flags)) return std::nullopt;
    if (is_all_zero(context.trace_id) || is_all_zero(parent)) return std::nullopt;
    return context;
}

std::optional<std::string> traceparent(ngx_http_request_t* r) {
    const std::string_view id = request_id(r);
    if (id.size() < 2 * kSpanDigits) return std::nullopt;
    const auto given = parse_traceparent(variable(r, main_conf(r)->service.http_traceparent));
    const TraceContext context = given.value_or(TraceContext{id, "01"});
    return "00-" + std::string(context.trace_id) + "-" + std::string(id.substr(kSpanDigits, kSpanDigits)) + "-" +
           std::string(context.flags);
}

}  // namespace

std::string session_hash(ngx_http_request_t* r) {
    const ServiceMainConf& service = main_conf(r)->service;
    const std::string_view cookies = variable(r, service.http_cookie);
    if (service.secret == nullptr || cookies.empty()) return {};
    const std::string_view name = view(location_conf(r)->service.cookie_name);
    const auto token = find_session_token(service.secret->cookie, cookies, name, unix_now());
    return token ? token->hash() : std::string();
}

std::string_view request_id(ngx_http_request_t* r) {
    return variable(r->main, main_conf(r)->service.request_id);
}

std::span<const ngx_command_t> service_directives() {
    static const std::array<ngx_command_t, 3> directives{{
        {ngx_string("thumb_secret"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, set_secret, NGX_HTTP_MAIN_CONF_OFFSET, 0,
         nullptr},
        {ngx_string("thumb_session_cookie"),
         NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, ngx_conf_set_str_slot,
         NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, service.cookie_name), nullptr},
        {ngx_string("thumb_deadline"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1,
         ngx_conf_set_msec_slot, NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, service.deadline), nullptr},
    }};
    return directives;
}

std::span<const ngx_http_variable_t> service_variables() {
    static const std::array<ngx_http_variable_t, 4> variables{{
        thumb_variable<service_auth>("thumb_service_auth"),
        thumb_variable<session>("thumb_session"),
        thumb_variable<traceparent>("thumb_traceparent"),
        thumb_variable<deadline>("thumb_deadline"),
    }};
    return variables;
}

bool index_service_variables(ngx_conf_t* cf, ServiceMainConf& conf) {
    const auto index = [&](std::string_view name) {
        ngx_str_t text{name.size(), reinterpret_cast<u_char*>(const_cast<char*>(name.data()))};
        return ngx_http_get_variable_index(cf, &text);
    };
    conf.request_id = index("request_id");
    conf.http_cookie = index("http_cookie");
    conf.http_traceparent = index("http_traceparent");
    return conf.request_id != NGX_ERROR && conf.http_cookie != NGX_ERROR && conf.http_traceparent != NGX_ERROR;
}

void init_service(ServiceConf& conf) {
    conf.deadline = NGX_CONF_UNSET_MSEC;
}

void merge_service(const ServiceConf& outer, ServiceConf& inner) {
    ngx_conf_merge_msec_value(inner.deadline, outer.deadline, kDefaultDeadlineMs);
    if (inner.cookie_name.data != nullptr) return;
    inner.cookie_name = outer.cookie_name;
    if (inner.cookie_name.data == nullptr) {
        inner.cookie_name = {kSecureCookieName.size(),
                             reinterpret_cast<u_char*>(const_cast<char*>(kSecureCookieName.data()))};
    }
}

}  // namespace thumbgate::edge
