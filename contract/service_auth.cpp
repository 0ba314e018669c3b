#include "contract/service_auth.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kNoSession = "-";
constexpr std::string_view kMacField = ";mac=";
constexpr std::size_t kMaxHeader = 512;
constexpr std::size_t kIdDigits = 32;

// Newlines cannot occur in a method, a target or a header's value, so the parts cannot run into each other.
Sha256 compute(const HmacKey& key, std::string_view method, std::string_view target, std::string_view fields) {
    return key.mac({method, "\n", target, "\n", fields});
}

std::string fields_of(const ServiceIdentity& identity) {
    std::string fields = "v1;t=" + std::to_string(identity.time);
    fields += ";ip=" + identity.client;
    fields += ";sid=";
    fields += identity.session.empty() ? kNoSession : std::string_view(identity.session);
    fields += ";rid=" + identity.request_id;
    return fields;
}

// Takes `prefix` and what follows it up to the next ';' off the front of `rest`.
std::optional<std::string> take_field(std::string_view& rest, std::string_view prefix) {
    if (!rest.starts_with(prefix)) return std::nullopt;
    rest.remove_prefix(prefix.size());
    const std::size_t end = std::min(rest.find(';'), rest.size());
    std::string value(rest.substr(0, end));
    rest.remove_prefix(end);
    return value;
}

bool is_id(std::string_view text) {
    return text.size() == kIdDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<ServiceIdentity> parse_fields(std::string_view fields) {
    const auto time = take_field(fields, "v1;t=");
    const auto client = take_field(fields, ";ip=");
    auto session = take_field(fields, ";sid=");
    const auto request_id = take_field(fields, ";rid=");
    if (!time || !client || !session || !request_id || !fields.empty()) return std::nullopt;
    const auto seconds = parse_decimal(*time, INT64_MAX);
    if (!seconds || !is_id(*request_id) || (*session != kNoSession && !is_id(*session))) return std::nullopt;
    if (*session == kNoSession) session->clear();
    return ServiceIdentity{*seconds, *client, *session, *request_id};
}

}  // namespace

std::string sign_service_request(const HmacKey& key, std::string_view method, std::string_view target,
                                 const ServiceIdentity& identity) {
    std::string header = fields_of(identity);
    const Sha256 mac = compute(key, method, target, header);
    header += kMacField;
    header += base64url_encode(mac);
    return header;
}

std::expected<ServiceIdentity, std::string> verify_service_request(const HmacKey& key, std::string_view method,
                                                                   std::string_view target, std::string_view header,
                                                                   std::uint64_t now) {
    if (header.empty()) return std::unexpected("no Thumb-Auth header");
    if (header.size() > kMaxHeader) return std::unexpected("the Thumb-Auth header is too long");
    const std::size_t at = header.rfind(kMacField);
    if (at == std::string_view::npos) return std::unexpected("the Thumb-Auth header has no mac");
    const std::string_view fields = header.substr(0, at);
    const auto given = base64url_decode_strict(header.substr(at + kMacField.size()));
    const Sha256 expected = compute(key, method, target, fields);
    if (!given || !equal_in_constant_time(expected, as_bytes(*given))) {
        return std::unexpected("the service MAC is wrong for this method and target");
    }
    auto identity = parse_fields(fields);
    if (!identity) return std::unexpected("the Thumb-Auth header is malformed");
    const std::uint64_t age = std::max(now, identity->time) - std::min(now, identity->time);
    if (age > kServiceAuthWindow) return std::unexpected("the service MAC is not of this time");
    return std::move(*identity);
}

}  // namespace thumbgate
