#include "backend/http/origin.hpp"

#include <algorithm>
#include <string>

#include "backend/http/bearer.hpp"

namespace thumbgate {
namespace {

// "https://example.com" of "HTTPS://Example.com:443/path": as browsers write an origin.
std::string normal_origin(std::string_view url) {
    const std::size_t scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos) return std::string(url);
    const std::size_t host_end = std::min(url.find('/', scheme_end + 3), url.size());
    std::string origin(url.substr(0, host_end));
    std::ranges::transform(origin, origin.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const std::string_view default_port = origin.starts_with("https:") ? ":443" : ":80";
    if (origin.ends_with(default_port)) origin.resize(origin.size() - default_port.size());
    return origin;
}

std::string edge_origin(const Request& request) {
    std::string url(request.header("X-Forwarded-Proto"));
    url.append("://").append(request.header("X-Forwarded-Host"));
    return normal_origin(url);
}

}  // namespace

std::optional<Error> refuse_other_origin(const Request& request, std::string_view public_url) {
    if (request.method == "GET" || request.method == "HEAD" || bearer_token(request)) return std::nullopt;
    const std::string origin = join_headers(request.headers, "Origin", ", ");
    const bool is_named = !origin.empty();
    const bool is_own = is_named && (normal_origin(origin) == edge_origin(request) ||
                                     (!public_url.empty() && normal_origin(origin) == normal_origin(public_url)));
    const bool is_cross_site = equal_without_case(request.header("Sec-Fetch-Site"), "cross-site");
    if (!is_cross_site && (is_own || !is_named)) return std::nullopt;
    return Error{403, "cross_origin", "Another site's page may not ask for this; use this site's own.",
                 "the origin is \"" + origin + "\", this edge is \"" + edge_origin(request) + "\""};
}

}  // namespace thumbgate
