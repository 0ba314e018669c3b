#include "backend/http/message.hpp"

#include <algorithm>

#include "backend/units.hpp"
#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view find_header(const std::vector<Header>& headers, std::string_view name) {
    const auto found = std::ranges::find_if(headers, [&](const Header& h) { return equal_without_case(h.name, name); });
    return found == headers.end() ? std::string_view{} : std::string_view(found->value);
}

std::size_t count_headers(const std::vector<Header>& headers, std::string_view name) {
    const auto count =
        std::ranges::count_if(headers, [&](const Header& h) { return equal_without_case(h.name, name); });
    return static_cast<std::size_t>(count);
}

std::string join_headers(const std::vector<Header>& headers, std::string_view name, std::string_view separator) {
    std::string joined;
    for (const Header& header : headers) {
        if (!equal_without_case(header.name, name)) continue;
        if (!joined.empty()) joined += separator;
        joined += header.value;
    }
    return joined;
}

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (pair.substr(0, equals) != name) continue;
        return percent_decode(pair.substr(std::min(equals + 1, pair.size())));
    }
    return std::nullopt;
}

boost::asio::awaitable<Result<std::string>> read_body(BodyReader& body, std::size_t max_bytes) {
    std::string bytes;
    for (;;) {
        const auto chunk = co_await body.next();
        if (!chunk) co_return std::unexpected(chunk.error());
        if (chunk->empty()) co_return bytes;
        if (bytes.size() + chunk->size() > max_bytes) {
            co_return fail(413, "body_too_large", "The body is larger than " + describe_size(max_bytes) + ".");
        }
        bytes += *chunk;
    }
}

}  // namespace thumbgate
