// Who may ask: only the edge, now, for this very request, and for a change once.
#include <vector>

#include "backend/http/gate.hpp"

#include "contract/secret.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr std::uint64_t kNow = 1'700'000'000;
constexpr std::string_view kId = "0123456789abcdef0123456789abcdef";

const SharedSecret& secret() {
    static const SharedSecret shared(std::string(32, 's'));
    return shared;
}

Request request(const std::string& method, const std::string& target, std::uint64_t time = kNow,
                std::string_view id = kId) {
    ServiceIdentity identity;
    identity.time = time;
    identity.client = "192.0.2.1";
    identity.request_id = id;
    Request request;
    request.method = method;
    request.target = target;
    request.headers = {{"thumb-auth", sign_service_request(secret().service, method, target, identity)}};
    return request;
}

std::string numbered(int number) {
    std::string id(kId);
    return id.replace(0, 6, std::to_string(100'000 + number));
}

}  // namespace

TEST_CASE("the edge's own request is let in, with who it is from") {
    Gate gate(secret().service);
    const auto identity = gate.admit(request("GET", "/api/photos?limit=2"), kNow);
    REQUIRE(identity);
    CHECK(identity->client == "192.0.2.1");
    CHECK(identity->request_id == kId);
}

TEST_CASE("a request without, with two, or with another's Thumb-Auth is refused and told nothing") {
    Gate gate(secret().service);
    Request none;
    none.method = "GET";
    none.target = "/";
    CHECK(gate.admit(none, kNow).error().status == 403);
    Request twice = request("GET", "/");
    twice.headers.push_back(twice.headers.front());
    CHECK(gate.admit(twice, kNow).error().status == 403);
    using Change = void (*)(Request&);
    const std::vector<Change> changes{[](Request& r) { r.method = "HEAD"; }, [](Request& r) { r.target = "/a/./b"; },
                                      [](Request& r) { r.headers[0].value.back() = '!'; }};
    for (const Change change : changes) {
        Request changed = request("GET", "/a/b");
        change(changed);
        const auto refused = gate.admit(changed, kNow);
        CHECK(refused.error().status == 403);
        CHECK(refused.error().message == "Only the edge may ask this service.");
    }
}

TEST_CASE("a request is fresh for half a minute to either side") {
    Gate gate(secret().service);
    CHECK(gate.admit(request("GET", "/", kNow - 30), kNow));
    CHECK(gate.admit(request("GET", "/", kNow + 30), kNow));
    CHECK(gate.admit(request("GET", "/", kNow - 31), kNow).error().status == 403);
    CHECK(gate.admit(request("GET", "/", kNow + 31), kNow).error().status == 403);
}

TEST_CASE("a change is let in once, a look again and again") {
    Gate gate(secret().service);
    for (const char* method : {"GET", "HEAD"}) {
        CHECK(gate.admit(request(method, "/"), kNow));
        CHECK(gate.admit(request(method, "/"), kNow));
    }
    for (const char* method : {"POST", "DELETE"}) {
        const std::string id = numbered(method[0]);
        CHECK(gate.admit(request(method, "/", kNow, id), kNow));
        CHECK(gate.admit(request(method, "/", kNow, id), kNow).error().status == 403);
    }
}

TEST_CASE("an id is remembered for as long as its request could come again") {
    Gate gate(secret().service);
    const Request ahead = request("POST", "/", kNow + 30);
    CHECK(gate.admit(ahead, kNow));
    CHECK(gate.admit(ahead, kNow + 30).error().detail == "the request id was used before");
    CHECK(gate.admit(ahead, kNow + 60).error().detail == "the request id was used before");
    CHECK(gate.admit(ahead, kNow + 61).error().detail == "the service MAC is not of this time");
}

TEST_CASE("what is remembered is bounded, and forgotten in time") {
    ReplayGuard guard(3, 60);
    for (int i = 0; i < 3; ++i) CHECK(guard.use(numbered(i), kNow) == ReplayGuard::Answer::fresh);
    CHECK(guard.use(numbered(3), kNow) == ReplayGuard::Answer::full);
    CHECK(guard.use(numbered(1), kNow) == ReplayGuard::Answer::seen);
    CHECK(guard.use(numbered(1), kNow + 60) == ReplayGuard::Answer::seen);
    CHECK(guard.use(numbered(1), kNow + 61) == ReplayGuard::Answer::fresh);
    CHECK(guard.size() == 1);
}
