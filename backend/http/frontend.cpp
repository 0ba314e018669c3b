#include "backend/http/frontend.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <charconv>
#include <chrono>
#include <cmath>

#include "backend/http/origin.hpp"
#include "backend/http/problem.hpp"
#include "backend/units.hpp"
#include "contract/encoding.hpp"
#include "contract/hmac.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kNoStore = "no-store";
constexpr std::string_view kBriefly = "max-age=10";  // seconds that a refusal which is the picture's fault is kept
constexpr std::size_t kLoggedSession = 16;           // of its 32 digits

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}
bool is_zero(std::string_view text) {
    return text.find_first_not_of('0') == std::string_view::npos;
}

std::string random_request_id() {
    std::array<std::uint8_t, 16> bytes{};
    fill_random(bytes);
    return hex_encode(bytes);
}

// Whether a refusal of a thumbnail would be the same for everyone and a moment later.
bool is_lasting(int status) {
    return status == 404 || status == 415 || status == 422;
}

// Methods become label values: an unknown one must not make a new series.
std::string_view method_label(std::string_view method) {
    constexpr std::array<std::string_view, 5> kKnown{"GET", "HEAD", "POST", "DELETE", "PUT"};
    return std::ranges::find(kKnown, method) != kKnown.end() ? method : std::string_view("other");
}

Response error_response(Error error, RouteKind kind, const Request& request) {
    const bool shared = kind == RouteKind::thumbnail && is_lasting(error.status);
    Response response = problem(std::move(error), shared ? std::string_view{} : std::string_view(request.request_id));
    response.set("Cache-Control", std::string(shared ? kBriefly : kNoStore));
    return response;
}

void add_common_headers(Response& response, RouteKind kind, const Request& request) {
    if (find_header(response.headers, "X-Content-Type-Options").empty()) {
        response.set("X-Content-Type-Options", "nosniff");
    }
    if (find_header(response.headers, "Cache-Control").empty()) response.set("Cache-Control", std::string(kNoStore));
    if (kind == RouteKind::api) response.set("X-Request-ID", request.request_id);
}

Error no_route(const Router::Match& match) {
    if (match.allowed.empty()) return {404, "no_such_path", "There is nothing at this path."};
    return {405, "method_not_allowed", "This path takes " + match.allowed + "."};
}

double milliseconds(double seconds) {
    return std::round(seconds * 1e6) / 1e3;
}

boost::json::object stages(const StageTimes& times, double total) {
    boost::json::object ms;
    const auto add = [&](const char* name, const std::optional<double>& seconds) {
        if (seconds) ms[name] = milliseconds(*seconds);
    };
    add("receive", times.receive);
    add("redis", times.redis);
    add("storage", times.storage);
    add("convert", times.convert);
    ms["total"] = milliseconds(total);
    return ms;
}

}  // namespace

std::string_view valid_traceparent(std::string_view header) {
    if (header.size() != 55 || !header.starts_with("00-") || header[35] != '-' || header[52] != '-') return {};
    const std::string_view trace = header.substr(3, 32);
    const std::string_view parent = header.substr(36, 16);
    const bool valid =
        is_hex(trace) && !is_zero(trace) && is_hex(parent) && !is_zero(parent) && is_hex(header.substr(53));
    return valid ? header : std::string_view{};
}

std::chrono::milliseconds time_left(std::string_view header, std::uint64_t unix_ms, std::chrono::milliseconds most) {
    constexpr std::uint64_t kMaxSeconds = 1ULL << 40U;
    constexpr std::size_t kDecimals = 3;
    const std::size_t point = std::min(header.find('.'), header.size());
    std::string decimals(header.substr(std::min(point + 1, header.size())));
    const bool has_decimals = point < header.size();
    if (decimals.size() > kDecimals || (has_decimals && decimals.empty())) return most;
    decimals.resize(kDecimals, '0');
    const auto seconds = parse_decimal(header.substr(0, point), kMaxSeconds);
    std::uint64_t ms = 0;
    const auto [end, error] = std::from_chars(decimals.data(), decimals.data() + kDecimals, ms);
    if (!seconds || error != std::errc() || end != decimals.data() + kDecimals) return most;
    const auto left = static_cast<std::int64_t>(*seconds * 1000 + ms) - static_cast<std::int64_t>(unix_ms);
    return std::min(std::chrono::milliseconds(left), most);
}

boost::asio::awaitable<Response> Frontend::respond(Request& request) {
    const auto begin = std::chrono::steady_clock::now();
    const Route* route = nullptr;
    Response response = co_await answer(request, route);
    const RouteKind kind = route != nullptr ? route->kind : RouteKind::api;
    add_common_headers(response, kind, request);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    metrics_.on_request(method_label(request.method), route != nullptr ? route->pattern : "none", response.status);
    metrics_.on_stages(request.times, took.count());
    if (response.error) metrics_.on_error(response.error->code);
    log_request(request, response, took.count());
    co_return response;
}

boost::asio::awaitable<Response> Frontend::answer(Request& request, const Route*& route) {
    auto identity = gate_.admit(request, unix_seconds());
    request.request_id = identity ? identity->request_id : random_request_id();
    if (!identity) {
        metrics_.on_refused(identity.error().code);
        co_return error_response(std::move(identity.error()), RouteKind::api, request);
    }
    request.identity = std::move(*identity);
    if (auto late = set_deadline(request)) co_return error_response(std::move(*late), RouteKind::api, request);
    auto match = router_.match(request.method, request.path);
    if (match.route == nullptr) {
        Response response = error_response(no_route(match), RouteKind::api, request);
        if (!match.allowed.empty()) response.set("Allow", match.allowed);
        co_return response;
    }
    route = match.route;
    if (route->kind == RouteKind::api) {
        auto foreign = refuse_other_origin(request, public_url_);
        if (foreign) co_return error_response(std::move(*foreign), route->kind, request);
    }
    request.parameters = std::move(match.parameters);
    std::string thrown;
    try {
        auto result = co_await route->handler(request);
        if (result) co_return std::move(*result);
        co_return error_response(std::move(result.error()), route->kind, request);
    } catch (const std::exception& error) {
        thrown = error.what();
    }
    Error error{500, "internal", "Something went wrong here; it was logged.", std::move(thrown)};
    co_return error_response(std::move(error), route->kind, request);
}

// A request that has waited for us until its deadline is work for nobody.
std::optional<Error> Frontend::set_deadline(Request& request) {
    const auto left = time_left(request.header("X-Request-Deadline"), unix_milliseconds(), request_timeout_);
    request.deadline = after(left);
    if (left > std::chrono::milliseconds::zero()) return std::nullopt;
    metrics_.on_admission_refused("deadline_passed");
    return fail_unavailable("deadline_passed", "The request came too late to be answered in time.").error();
}

void Frontend::log_request(const Request& request, const Response& response, double seconds) {
    boost::json::object fields{
        {"request_id", request.request_id},
        {"traceparent", valid_traceparent(request.header("Traceparent"))},
        {"session", request.identity.session.substr(0, kLoggedSession)},
        {"client", loggable(request.identity.client)},
        {"method", loggable(request.method)},
        {"target", loggable(request.target)},
        {"status", response.status},
        {"bytes", response.size()},
        {"ms", stages(request.times, seconds)},
    };
    if (!request.key.empty()) fields["key"] = request.key;
    if (response.error) {
        fields["error"] = response.error->code;
        fields["detail"] = loggable(response.error->detail);
    }
    log_.write(response.status >= 500 ? Log::Level::error : Log::Level::info, "request", std::move(fields));
}

}  // namespace thumbgate
