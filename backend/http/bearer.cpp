#include "backend/http/bearer.hpp"

#include <algorithm>

namespace thumbgate {

std::optional<std::string_view> bearer_token(const Request& request) {
    constexpr std::string_view kScheme = "Bearer";
    if (count_headers(request.headers, "Authorization") > 1) return std::string_view();
    const std::string_view value = request.header("Authorization");
    const std::size_t end = std::min(value.find(' '), value.size());
    if (!equal_without_case(value.substr(0, end), kScheme)) return std::nullopt;
    return value.substr(std::min(value.find_first_not_of(' ', end), value.size()));
}

}  // namespace thumbgate
