#include "backend/http/gate.hpp"

#include "contract/service_auth.hpp"

namespace thumbgate {
namespace {

// A header may be of up to a window ahead, and lives a window beyond that.
constexpr std::uint64_t kRememberSeconds = 2 * kServiceAuthWindow + 1;
constexpr std::size_t kMaxRemembered = 100'000;  // about 10 MB; 1,600 changes a second

std::unexpected<Error> refused(std::string why) {
    return fail(403, "not_from_the_edge", "Only the edge may ask this service.", std::move(why));
}

bool changes_nothing(std::string_view method) {
    return method == "GET" || method == "HEAD";
}

}  // namespace

ReplayGuard::Answer ReplayGuard::use(const std::string& id, std::uint64_t now) {
    while (!by_age_.empty() && by_age_.front().first + lifetime_ < now) {
        ids_.erase(by_age_.front().second);
        by_age_.pop_front();
    }
    if (ids_.contains(id)) return Answer::seen;
    if (ids_.size() >= max_ids_) return Answer::full;
    ids_.insert(id);
    by_age_.emplace_back(now, id);
    return Answer::fresh;
}

Gate::Gate(const HmacKey& service_key) : service_key_(service_key), replays_(kMaxRemembered, kRememberSeconds) {}

Result<ServiceIdentity> Gate::admit(const Request& request, std::uint64_t now) {
    if (count_headers(request.headers, kServiceAuthHeader) > 1) return refused("several Thumb-Auth headers");
    auto identity =
        verify_service_request(service_key_, request.method, request.target, request.header(kServiceAuthHeader), now);
    if (!identity) return refused(std::move(identity.error()));
    if (changes_nothing(request.method)) return std::move(*identity);
    switch (replays_.use(identity->request_id, now)) {
        case ReplayGuard::Answer::fresh:
            return std::move(*identity);
        case ReplayGuard::Answer::seen:
            return refused("the request id was used before");
        case ReplayGuard::Answer::full:
            break;
    }
    return fail_unavailable("busy", "Too many changes at once; try again later.", "too many request ids remembered");
}

}  // namespace thumbgate
