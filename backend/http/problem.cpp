#include "backend/http/problem.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "backend/http/bearer.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kTypePrefix = "urn:thumbgate:problem:";

constexpr std::array<std::pair<int, std::string_view>, 22> kReasons{{
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {206, "Partial Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {507, "Insufficient Storage"},
}};

// RFC 9110 wants one with every 401; that of a token is RFC 6750's.
std::string_view challenge_of(const Error& error) {
    return error.code == kBadKey ? "Bearer error=\"invalid_token\"" : "Session";
}

}  // namespace

std::string_view reason_phrase(int status) {
    const auto found = std::ranges::find(kReasons, status, &std::pair<int, std::string_view>::first);
    return found == kReasons.end() ? "Error" : found->second;
}

Response problem(Error error, std::string_view request_id) {
    boost::json::object body{
        {"type", std::string(kTypePrefix) + error.code},
        {"title", reason_phrase(error.status)},
        {"status", error.status},
        {"detail", error.message},
    };
    if (!request_id.empty()) body["request_id"] = request_id;
    Response response;
    response.status = error.status;
    response.set("Content-Type", "application/problem+json");
    if (error.status == 401) response.set("WWW-Authenticate", std::string(challenge_of(error)));
    if (error.retry_after) response.set("Retry-After", std::to_string(error.retry_after->count()));
    response.body = boost::json::serialize(body) + "\n";
    response.error = std::move(error);
    return response;
}

}  // namespace thumbgate
