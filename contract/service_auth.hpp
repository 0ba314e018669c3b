// How the edge proves to the backend that a request comes from it: one header, `Thumb-Auth`,
//
//     v1;t=<unix seconds>;ip=<client address>;sid=<session hash or ->;rid=<request id>;mac=<base64url>
//
// whose MAC covers method, target and every field. Fresh for 30 seconds; the caller refuses a request id it has seen
// where the method is not idempotent. Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "contract/hmac.hpp"

namespace thumbgate {

inline constexpr std::string_view kServiceAuthHeader = "Thumb-Auth";
inline constexpr std::uint64_t kServiceAuthWindow = 30;  // seconds, to either side

struct ServiceIdentity {
    std::uint64_t time = 0;  // unix seconds
    std::string client;      // the client's address as the edge sees it, after realip
    std::string session;     // 32 hex digits, or empty
    std::string request_id;  // 32 hex digits
};

// `method`: "GET"; `target`: path and query exactly as sent to the backend.
std::string sign_service_request(const HmacKey& key, std::string_view method, std::string_view target,
                                 const ServiceIdentity& identity);

// The error says why not, for the log; it is not shown to the client.
std::expected<ServiceIdentity, std::string> verify_service_request(const HmacKey& key, std::string_view method,
                                                                   std::string_view target, std::string_view header,
                                                                   std::uint64_t now);

}  // namespace thumbgate
